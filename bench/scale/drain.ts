import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { startDemoModel } from '../../local/demo-model/demo-model.ts';
import {
  type ObservedCall,
  preciseNowMs,
  startObservedService,
} from '../harness/observed-service.ts';

export type CallsPerJob = {
  readonly tableCalls: number;
  readonly tableKb: number;
  readonly sqsCalls: number;
};

/** What was seen while a number of jobs was put into the queue and worked off. */
export type Drained = {
  readonly jobs: number;
  /** Jobs a second between the end of the asking and the last tenth. */
  readonly jobsPerSecond: number;
  /** Seconds over which that was counted. */
  readonly seconds: number;
  /** What one job came to, from its acceptance to its end. */
  readonly perJob: CallsPerJob;
  /** The same of `more` jobs that came when these had ended, into a table that holds these. */
  readonly perLaterJob: CallsPerJob;
  /** What one run of the sweep that found nothing came to. */
  readonly perSweep: { readonly queries: number; readonly itemsRead: number };
  /** Of the worker's invocations, in the order of their ends. */
  readonly peakMemoryMb: readonly number[];
};

export type Load = {
  readonly jobs: number;
  /** How many come when those have ended. */
  readonly more: number;
  readonly latencyMs: number;
  /** The sweep, which runs once a minute, is not waited for. */
  readonly smoke: boolean;
  say(line: string): void;
};

const clients = 8;
const sweepEachMs = 60_000;

const pageSchema = z.object({ ScannedCount: z.number() });
const generationsSchema = z.array(z.object({ endedAtMs: z.number().nullable() }));

const countCalls = () => {
  const counted = { tableCalls: 0, tableBytes: 0, sqsCalls: 0, dueQueries: 0, dueItems: 0 };
  return {
    counted,
    observe: ({ action, body, answer, status }: ObservedCall): void => {
      if (status !== 200) return;
      if (body['IndexName'] === 'due') {
        counted.dueQueries += 1;
        counted.dueItems += pageSchema.parse(JSON.parse(answer.toString())).ScannedCount;
      } else if (action.startsWith('dynamodb:')) {
        counted.tableCalls += 1;
        counted.tableBytes += JSON.stringify(body).length + answer.length;
      } else counted.sqsCalls += 1;
    },
  };
};

const endsOf = async (demoUrl: string): Promise<number[]> => {
  const log = await fetch(new URL('/_demo/generations', demoUrl));
  return generationsSchema
    .parse(await log.json())
    .flatMap(({ endedAtMs }) => endedAtMs ?? [])
    .toSorted((a, b) => a - b);
};

const peakMemory = (log: string): number[] =>
  [...log.matchAll(/Max Memory Used: (\d+) MB/g)].map(([, megabytes]) => Number(megabytes));

type Count = ReturnType<typeof countCalls>['counted'];

const perJobOf = (from: Count, to: Count, jobs: number): CallsPerJob => ({
  tableCalls: (to.tableCalls - from.tableCalls) / jobs,
  tableKb: (to.tableBytes - from.tableBytes) / jobs / 1024,
  sqsCalls: (to.sqsCalls - from.sqsCalls) / jobs,
});

/**
 * Puts the jobs into the queue, as fast as they are taken, and waits until the upstream has ended all;
 * then some more.
 */
export const drain = async ({ jobs, more, latencyMs, smoke, say }: Load): Promise<Drained> => {
  await using cleanup = new AsyncDisposableStack();
  const demo = await startDemoModel({ host: '127.0.0.1', port: 0 });
  cleanup.defer(() => demo.close());
  const { counted, observe } = countCalls();
  const observed = await startObservedService(
    {
      OPENAI_BASE_URL: demo.baseUrl,
      OPENAI_API_KEY: 'demo',
      OPENAI_MODEL: `demo?first_ms=0&tokens=20&rate=${20_000 / latencyMs}`,
    },
    observe,
  );
  cleanup.defer(() => observed.close());

  const ask = async (count: number): Promise<void> => {
    const asking = Array.from({ length: clients }, async (_, client) => {
      for (let index = client; index < count; index += clients) {
        const { status } = await observed.service.post(
          { prompt: `Scale, number ${index}.` },
          { prefer: 'respond-async' },
        );
        if (status !== 202) throw new Error(`a request of the bench was answered ${status}`);
      }
    });
    await Promise.all(asking);
  };
  const untilEnded = async (count: number): Promise<readonly number[]> => {
    for (;;) {
      const ends = await endsOf(demo.baseUrl);
      if (ends.length >= count) return ends;
      await sleep(2_000);
    }
  };

  const startedAtMs = preciseNowMs();
  const atStart = { ...counted };
  await ask(jobs);
  const askedAtMs = preciseNowMs();
  const endedBefore = (await endsOf(demo.baseUrl)).length;
  say(`${jobs} jobs are accepted, ${endedBefore} of them have ended`);
  const ends = await untilEnded(jobs);
  const before = { ...counted };
  // Two of its runs, of which nothing is due.
  if (!smoke) await sleep(2 * sweepEachMs);
  const swept = { ...counted };
  await ask(more);
  await untilEnded(jobs + more);
  const after = ends.filter((end) => end > askedAtMs);
  // On a slow machine few are left when the last one has been asked for.
  const isMost = after.length > jobs / 2;
  const counting = (isMost ? after : ends).slice(
    0,
    Math.ceil((isMost ? after : ends).length * 0.9),
  );
  const fromMs = isMost ? askedAtMs : startedAtMs;
  const seconds = ((counting.at(-1) ?? fromMs) - fromMs) / 1000;
  return {
    jobs,
    jobsPerSecond: counting.length / seconds,
    seconds,
    perJob: perJobOf(atStart, before, jobs),
    perLaterJob: perJobOf(swept, counted, more),
    perSweep: {
      queries: (swept.dueQueries - before.dueQueries) / 2,
      itemsRead: (swept.dueItems - before.dueItems) / 2,
    },
    peakMemoryMb: peakMemory(await observed.log('work')),
  };
};
