import { startDemoModel } from '../../local/demo-model/demo-model.ts';
import { preciseNowMs, startObservedService } from '../harness/observed-service.ts';
import { median, spread } from '../harness/quantiles.ts';
import type { BenchOptions, BenchResult, Cell } from '../harness/result.ts';
import { askAlone, askCrowd } from './ask.ts';
import { between, createTraces, type JobTrace, tableBeforeUpstream } from './trace.ts';

const sizes = (smoke: boolean) => (smoke ? { idle: 3, queued: 8 } : { idle: 40, queued: 200 });

/** Half a second; the queue's and the store's share in it does not depend on its length. */
const model = 'demo?first_ms=0&tokens=50&rate=100';

const row = (what: string, values: readonly number[]): readonly Cell[] => {
  const { p50, p99 } = spread(values);
  return [what, values.length, p50, p99];
};

const rows = (traces: readonly JobTrace[]): (readonly Cell[])[] =>
  [
    row(
      'request accepted → 202',
      traces.flatMap(({ acceptedMs }) => acceptedMs ?? []),
    ),
    row('message sent → upstream called', between(traces, 'sentAtMs', 'upstreamStartedAtMs')),
    row('of it: in the queue', between(traces, 'sentAtMs', 'receivedAtMs')),
    row(
      'of it: received → upstream called',
      between(traces, 'receivedAtMs', 'upstreamStartedAtMs'),
    ),
    row('of that: in the table', tableBeforeUpstream(traces).ms),
    row('upstream finished → readable', between(traces, 'upstreamEndedAtMs', 'readableAtMs')),
    row(
      'upstream finished → a waiting reader has it',
      between(traces, 'upstreamEndedAtMs', 'readAtMs'),
    ),
  ].filter(([, jobs]) => jobs !== 0);

const columns = ['step', 'jobs', 'p50 ms', 'p99 ms'];

/** Request to 202, message to upstream, upstream's end to a readable result: idle and behind 200 jobs. */
export const bench = async ({ smoke, say }: BenchOptions): Promise<BenchResult> => {
  const { idle, queued } = sizes(smoke);
  await using cleanup = new AsyncDisposableStack();
  const demo = await startDemoModel({ host: '127.0.0.1', port: 0 });
  cleanup.defer(() => demo.close());
  const traces = createTraces();
  const observed = await startObservedService(
    { OPENAI_BASE_URL: demo.baseUrl, OPENAI_API_KEY: 'demo', OPENAI_MODEL: model },
    traces.observe,
  );
  cleanup.defer(() => observed.close());
  const place = { service: observed.service, demoUrl: demo.baseUrl, traces, nowMs: preciseNowMs };

  // The first job of a sandbox pays for its connections.
  for (let index = 0; index < 3; index += 1) await askAlone(place, `Warm, number ${index}.`);
  const alone: JobTrace[] = [];
  for (let index = 0; index < idle; index += 1) {
    alone.push(...(await askAlone(place, `Alone, number ${index}.`)));
  }
  say(`${idle} jobs one by one are done`);
  const prompts = Array.from({ length: queued }, (_, index) => `In the crowd, number ${index}.`);
  const crowd = await askCrowd(place, prompts);

  const readable = between(alone, 'upstreamEndedAtMs', 'readableAtMs');
  const queueHop = median(between(alone, 'sentAtMs', 'receivedAtMs'));
  const inTable = tableBeforeUpstream(alone);
  const workerMs = median(between(alone, 'receivedAtMs', 'upstreamStartedAtMs'));
  return {
    tables: [
      { title: 'One job at a time', columns, rows: rows(alone) },
      { title: `${queued} jobs at once`, columns, rows: rows(crowd) },
    ],
    targets: [
      {
        what: 'finish → readable, idle, p50 ms',
        measured: median(readable),
        is: 'at most',
        bound: 50,
      },
      {
        what: 'finish → readable, idle, p99 ms',
        measured: spread(readable).p99,
        is: 'at most',
        bound: 50,
      },
      {
        what: `finish → readable, ${queued} jobs at once, p50 ms`,
        measured: median(between(crowd, 'upstreamEndedAtMs', 'readableAtMs')),
        is: 'at most',
        bound: 50,
      },
      {
        what: 'send → upstream, idle: the queue’s own hop ÷ the worker’s without the table, of the medians',
        measured: queueHop / (workerMs - median(inTable.ms)),
        is: 'at least',
        bound: 1,
      },
    ],
    notes: [
      `Between its message and its upstream call a worker asks the table ${median(inTable.counts)} times for a job.`,
      'The queue here is an emulator in memory, whose hop is a fraction of what SQS takes; the ratio to it is therefore a harsh one.',
      'Over HTTP against `npm start`; the table and the queue are emulators on the same machine, seen through a relay that adds its own hop to each call.',
      'The upstream’s times are its own log’s, in whole milliseconds, on the same clock.',
      'With 200 jobs at once the time in the queue is the wait for a free worker: 5 sandboxes of 10 jobs each.',
    ],
  };
};
