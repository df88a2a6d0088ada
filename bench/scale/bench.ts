import { parseArgs } from 'node:util';
import { median } from '../harness/quantiles.ts';
import type { BenchOptions, BenchResult } from '../harness/result.ts';
import { type Drained, drain } from './drain.ts';

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

const tenthOf = (values: readonly number[], at: 'first' | 'last'): number => {
  const count = Math.max(1, Math.floor(values.length / 10));
  return median(at === 'first' ? values.slice(0, count) : values.slice(-count));
};

const memoryRow = ({ jobs, peakMemoryMb }: Drained) => [
  jobs,
  peakMemoryMb.length,
  tenthOf(peakMemoryMb, 'first'),
  tenthOf(peakMemoryMb, 'last'),
];

/** Jobs of equal length worked off: how fast, in how much memory, and at what cost of store and sweep. */
export const bench = async ({ smoke, flags, say }: BenchOptions): Promise<BenchResult> => {
  const { sizes, latencyMs } = readFlags(flags, smoke);
  const drained: Drained[] = [];
  for (const jobs of sizes) drained.push(await drain({ jobs, latencyMs, smoke, say }));
  const ideal = (workers * batch * 1000) / latencyMs;
  const [least = drained[0], most = least] = [drained.at(0), drained.at(-1)];
  if (least === undefined || most === undefined) throw new Error('--jobs names no number of jobs.');
  const lastMemory = tenthOf(most.peakMemoryMb, 'last');
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
        columns: ['jobs', 'invocations', 'first tenth', 'last tenth'],
        rows: drained.map(memoryRow),
      },
      {
        title: 'Store and sweep',
        columns: [
          'jobs in the table',
          'table calls a job',
          'KB a job',
          'SQS calls a job',
          'queries a sweep',
          'items a sweep',
        ],
        rows: drained.map(({ jobs, perJob, perSweep }) => [
          jobs,
          perJob.tableCalls,
          perJob.tableKb,
          perJob.sqsCalls,
          perSweep.queries,
          perSweep.itemsRead,
        ]),
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
        what: 'peak memory, last tenth ÷ first tenth',
        measured: lastMemory / tenthOf(most.peakMemoryMb, 'first'),
        is: 'at most',
        bound: 1.1,
      },
      {
        what: `table calls a job, ${most.jobs} jobs ÷ ${least.jobs} jobs`,
        measured: most.perJob.tableCalls / least.perJob.tableCalls,
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
      'Calls are counted by a relay in front of the emulators. The event source’s polls are among the SQS calls.',
      '`-- --jobs 1000,10000,100000 --latency-ms 4000` sets the sizes.',
    ],
  };
};
