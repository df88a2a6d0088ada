import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { erase } from '../../../lib/generation/erase.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded } from '../../../lib/job/job.ts';
import { purgeAgainMs } from '../../../lib/limits.ts';
import { backgroundUpstream, tokensEach } from '../../fixtures/background-upstream.ts';
import { chaoticJobs, lossyQueue, seeded } from '../../fixtures/chaos.ts';
import { type Engine, only, startEngine, submission, unending } from '../../fixtures/engine.ts';
import { shownText, stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const jobCount = 16;
const speed = 150;

test.each([1, 2, 3])(
  'freezes, doubts, ends of functions, cancels, deletions and parking (%i) leave each job one verdict, one text and nothing running',
  async (seed) => {
    const random = seeded(seed + 100);
    const clock = testClock(speed);
    const { queue, put, take } = lossyQueue(clock, random);
    const { server, generations, isForgotten } = backgroundUpstream(clock, random);
    const upstreams = only(server);
    const healthy = engine.deps(clock, () => ({ queue, upstreams }));
    const jobs = chaoticJobs(healthy.jobs, clock, random);
    // What one seed has none of.
    const parkAfterMs = seed === 1 ? undefined : 5_000;
    const chaotic = { ...healthy, jobs, parkAfterMs };

    const ids: string[] = [];
    const submitted = Array.from({ length: jobCount }, async (_, index) => {
      const inline = index % 2 === 0;
      const asked = submission({
        deadlineMs: 24 * 3_600_000,
        respondAsync: !inline,
        waitMs: inline ? 40_000 : 0,
        controls: `key=job-${index}`,
      });
      ids.push((await submitAndWait(healthy, asked, unending())).id);
    });
    await Promise.all(submitted);
    const unwanted = ids.filter(() => random() < 0.3);
    const deleted = new Set(unwanted.filter(() => random() < 0.4));

    const busy = new Set<Promise<void>>();
    const start = (act: () => Promise<void>): void => {
      const acting = act().finally(() => busy.delete(acting));
      busy.add(acting);
    };
    for (const id of unwanted) {
      start(async () => {
        await clock.sleep(random() * 120_000);
        const job = await stored(healthy, id);
        await (deleted.has(id) ? erase(chaotic, job) : cancelJob(chaotic, job)).catch(
          async () => void put({ v: 1, jobId: id, epoch: 0 }, 0),
        );
      });
    }

    let isDone = false;
    let sweptAtMs = 0;
    let lookedAtMs = 0;
    const isOver = async (): Promise<boolean> => {
      const jobs = await Promise.all(ids.map((id) => stored(healthy, id)));
      return busy.size === 0 && jobs.every((job) => isEnded(job) && !job.stopOwed);
    };
    while (!isDone) {
      const message = take();
      if (message !== undefined) {
        start(async () => {
          const ending = new AbortController();
          const timer = new AbortController();
          clock.sleep(random() * 150_000, timer.signal).then(
            () => ending.abort(),
            () => undefined,
          );
          try {
            const fate = await work(chaotic, message, ending.signal);
            if (fate.kind === 'redeliver') put(message, fate.afterMs);
          } catch {
            put(message, 30_000);
          }
          timer.abort();
        });
      }
      if (clock.nowMs() - sweptAtMs > 60_000) {
        sweptAtMs = clock.nowMs();
        start(async () => void (await sweep(chaotic, unending())));
      }
      if (clock.nowMs() - lookedAtMs > 20_000) {
        lookedAtMs = clock.nowMs();
        isDone = await isOver();
      }
      await clock.sleep(500);
    }

    for (const id of ids) {
      const job = await stored(healthy, id);
      const isBuried = isEnded(job) && job.deletedAtMs !== undefined;
      const isPurged = isBuried && job.endedAtMs + purgeAgainMs <= clock.nowMs();
      if (!isPurged) expect(job.dueAtMs !== undefined).toBe(isBuried);
      expect(job.upstreamId).toBeUndefined();
      expect(job.ledger.map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: job.attempt }, (_, before) => before + 1),
      );
      expect(job.ledger.every(({ outcome }) => outcome !== undefined)).toBe(true);
      const paid = generations.filter(({ model }) => model === job.model);
      const begun = job.ledger.filter(({ adopted }) => adopted !== true).length;
      expect(paid.length).toBeLessThanOrEqual(begun);
      if (isBuried) continue;

      const tokens = (await shownText(healthy, id)).trim().split(' ').filter(Boolean);
      expect(new Set(tokens.map((token) => token.split(':')[0])).size).toBeLessThanOrEqual(1);
      expect(tokens.every((token, index) => token.endsWith(`:${index}`))).toBe(true);
      if (job.status === 'completed') expect(tokens).toHaveLength(tokensEach);
      else expect(['failed', 'cancelled']).toContain(job.status);
      if (!unwanted.includes(id)) expect(job.status).not.toBe('cancelled');
    }
    expect(generations.filter(isForgotten)).toEqual([]);
  },
);
