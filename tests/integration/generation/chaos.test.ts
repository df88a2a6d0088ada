import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAndWait as submit } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded } from '../../../lib/job/job.ts';
import { maxStrikes } from '../../../lib/limits.ts';
import {
  chaoticJobs,
  lossyQueue,
  numberedUpstream,
  seeded,
  tokensEach,
} from '../../fixtures/chaos.ts';
import { changed, type Engine, startEngine, submission, unending } from '../../fixtures/engine.ts';
import { shownText, stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const jobCount = 16;
const speed = 150;

/** The calls whose tokens a text holds, and whether it is a call's tokens from its first on. */
const readText = (text: string) => {
  const tokens = text.trim() === '' ? [] : text.trim().split(' ');
  const calls = new Set(tokens.map((token) => token.split(':')[0]));
  const isUnbroken = tokens.every((token, index) => token.endsWith(`:${index}`));
  return { calls: calls.size, isUnbroken, tokens: tokens.length };
};

test.each([1, 2, 3])(
  'freezes, doubts, duplicates and lost messages (%i) leave each job one verdict and one text',
  async (seed) => {
    const random = seeded(seed);
    const clock = testClock(speed);
    const { queue, put, take } = lossyQueue(clock, random);
    const healthy = engine.deps(clock, (real) => ({
      queue,
      ...changed(real, () => numberedUpstream(clock, random)),
    }));
    const chaotic = { ...healthy, jobs: chaoticJobs(healthy.jobs, clock, random) };

    const ids: string[] = [];
    const submitted = Array.from({ length: jobCount }, async (_, index) => {
      const inline = index % 2 === 0;
      const asked = {
        deadlineMs: 24 * 3_600_000,
        respondAsync: !inline,
        waitMs: inline ? 40_000 : 0,
      };
      const job = await submit({ ...chaotic, jobs: healthy.jobs }, submission(asked), unending());
      ids.push(job.id);
    });
    await Promise.all(submitted);

    const busy = new Set<Promise<void>>();
    const start = (act: () => Promise<void>): void => {
      const acting = act().finally(() => busy.delete(acting));
      busy.add(acting);
    };
    const isOver = async (): Promise<boolean> =>
      (await Promise.all(ids.map((id) => stored(healthy, id)))).every(isEnded);
    let sweptAtMs = 0;
    let lookedAtMs = 0;
    for (;;) {
      const message = take();
      if (message !== undefined) {
        start(async () => {
          try {
            const fate = await work(chaotic, message, unending());
            if (fate.kind === 'redeliver') put(message, fate.afterMs);
          } catch {
            put(message, 30_000);
          }
        });
      }
      if (clock.nowMs() - sweptAtMs > 60_000) {
        sweptAtMs = clock.nowMs();
        start(async () => void (await sweep(chaotic, unending())));
      }
      if (clock.nowMs() - lookedAtMs > 20_000) {
        lookedAtMs = clock.nowMs();
        if (await isOver()) break;
      }
      await clock.sleep(500);
    }
    const verdicts = await Promise.all(ids.map((id) => stored(healthy, id)));
    await Promise.all(busy);

    for (const [index, id] of ids.entries()) {
      const job = await stored(healthy, id);
      expect(job).toEqual(verdicts[index]);
      expect(job.dueAtMs).toBeUndefined();
      expect(job.strikes).toBeLessThanOrEqual(maxStrikes);
      expect(job.ledger.map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: job.attempt }, (_, before) => before + 1),
      );
      expect(job.ledger.every(({ outcome }) => outcome !== undefined)).toBe(true);
      const { calls, isUnbroken, tokens } = readText(await shownText(healthy, id));
      expect(isUnbroken).toBe(true);
      expect(calls).toBeLessThanOrEqual(1);
      if (job.status === 'completed') expect(tokens).toBe(tokensEach);
      else expect(job).toMatchObject({ status: 'failed', error: expect.anything() });
    }
    expect(verdicts.filter(({ status }) => status === 'completed').length).toBeGreaterThan(
      jobCount / 2,
    );
  },
);
