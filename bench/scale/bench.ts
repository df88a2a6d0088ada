import { parseArgs } from 'node:util';
import { median } from '../harness/quantiles.ts';
import type { BenchOptions, BenchResult } from '../harness/result.ts';
import { type CallsPerJob, type Drained, drain } from './drain.ts';
import { heapOverJobs } from './heap.ts';

/** As the template sets them for a new account. */
const workers = 5;
const batch = 10;

const readFlags = (flags: readonly string[], smoke: boolean) => {
  const { values } = parseArgs({
    args: [...flags],
    options: {
      jobs: { type: 'string', default: smoke ? '20,40' : '1000,10000' },
      'latency-ms': { type: 'string', default: smoke ? '200' : '4000' },
    },
  });
  const sizes = values.jobs.split(',').map(Number);
  const latencyMs = Number(values['latency-ms']);
  if (![...sizes, latencyMs].every((value) => Number.isSafeInteger(value) && value > 0)) {
    throw new Error('--jobs takes whole numbers with commas between them, --latency-ms one.');
  }
  return { sizes, latencyMs };
};

const starts = { first: 0, middle: 0.45, last: 0.9 } as const;

const tenthOf = (values: readonly number[], at: keyof typeof starts): number => {
  const from = Math.floor(values.length * starts[at]);
  return median(values.slice(from, from + Math.max(1, Math.floor(values.length / 10))));
};

const memoryRow = ({ jobs, peakMemoryMb }: Drained) => [
  jobs,
  peakMemoryMb.length,
  tenthOf(peakMemoryMb, 'first'),
  tenthOf(peakMemoryMb, 'middle'),
  tenthOf(peakMemoryMb, 'last'),
];

/** In the order of the columns. */
const callsOf = ({ tableCalls, tableKb, sqsCalls }: CallsPerJob) => [tableCalls, tableKb, sqsCalls];
const ofCalls = ['table calls a job', 'KB a job', 'SQS calls a job'];

/** Jobs of equal length worked off: how fast, in how much memory, and at what cost of store and sweep. */
export const bench = async ({ smoke, flags, say }: BenchOptions): Promise<BenchResult> => {
  const { sizes, latencyMs } = readFlags(flags, smoke);
  const drained: Drained[] = [];
  const fewest = Math.min(...sizes);
  for (const jobs of sizes) {
    drained.push(await drain({ jobs, more: fewest, latencyMs, smoke, say }));
  }
  const heap = await heapOverJobs(Math.max(...sizes));
  const ideal = (workers * batch * 1000) / latencyMs;
  const [least = drained[0], most = least] = [drained.at(0), drained.at(-1)];
  if (least === undefined || most === undefined) throw new Error('--jobs names no number of jobs.');
  return {
    tables: [
      {
        title: `Drained by ${workers} workers × ${batch} jobs of ${latencyMs / 1000} s`,
        columns: ['jobs', 'counted over s', 'jobs/s', 'of workers × batch ÷ latency'],
        rows: drained.map(({ jobs, seconds, jobsPerSecond }) => [
          jobs,
          seconds,
          jobsPerSecond,
          jobsPerSecond / ideal,
        ]),
      },
      {
        title: 'Peak memory of a worker sandbox, MB',
        columns: ['jobs', 'invocations', 'first tenth', 'middle tenth', 'last tenth'],
        rows: drained.map(memoryRow),
      },
      {
        title: 'What one worker keeps: its heap after a collection, MB',
        columns: ['jobs', 'after a tenth', 'after half', 'after all'],
        rows: [[heap.jobs, heap.tenthMb, heap.halfMb, heap.allMb]],
      },
      {
        title: `Store and sweep, ${fewest} jobs that find so many in the table`,
        columns: ['jobs in the table', ...ofCalls, 'queries a sweep', 'items a sweep'],
        rows: drained.map(({ jobs, perLaterJob, perSweep }) => [
          jobs,
          ...callsOf(perLaterJob),
          perSweep.queries,
          perSweep.itemsRead,
        ]),
      },
      {
        title: 'Store, so many jobs at once in the queue',
        columns: ['jobs in the queue', ...ofCalls],
        rows: drained.map(({ jobs, perJob }) => [jobs, ...callsOf(perJob)]),
      },
    ],
    targets: [
      {
        what: `jobs/s of ${most.jobs} ÷ (workers × batch ÷ latency)`,
        measured: most.jobsPerSecond / ideal,
        is: 'at least',
        bound: 0.9,
      },
      {
        what: 'heap after a collection, after all jobs ÷ after a tenth',
        measured: heap.allMb / heap.tenthMb,
        is: 'at most',
        bound: 1.1,
      },
      {
        what: `table calls a job, ${most.jobs} in the table ÷ ${least.jobs}`,
        measured: most.perLaterJob.tableCalls / least.perLaterJob.tableCalls,
        is: 'at most',
        bound: 1.05,
      },
      {
        what: `items read by a sweep with ${most.jobs} ended jobs`,
        measured: most.perSweep.itemsRead,
        is: 'at most',
        bound: least.perSweep.itemsRead,
      },
    ],
    notes: [
      'Over HTTP against `npm start`; what is counted begins when the last request has been accepted, and leaves out the last tenth, in which there is not enough work for all.',
      'A sandbox’s peak only grows, and V8 lets its heap grow while it may: what is kept shows after a collection. That is measured in one process which runs functions/work.ts in batches of ten.',
      'What waits in the queue for more than 2, 6 and 14 minutes is sent for again each time, since its message might be lost: a long backlog costs a job some calls more, by the time that it waits and not by how many wait.',
      'Calls are counted by a relay in front of the emulators. The event source’s polls are among the SQS calls.',
      '`-- --jobs 1000,10000,100000 --latency-ms 4000` sets the sizes.',
    ],
  };
};
