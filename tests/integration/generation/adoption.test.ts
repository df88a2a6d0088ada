import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { follow } from '../../../lib/job/follow.ts';
import { after } from '../../../lib/job/time.ts';
import {
  adoptableDeps,
  adoptableWith,
  cutAfter,
  expectWhole,
  followed,
  gistsOfEntries,
  gistsOfEvents,
  lost,
  responseSubmission,
} from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { shownText, stored, watchedJobs, workOff } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterAll(() => engine.close());

describe.each(['generate', 'responses'] as const)('a %s job', (api) => {
  const submit = (deps: EngineDeps, asked: Parameters<typeof submission>[0]) =>
    submitAndWait(
      deps,
      api === 'generate' ? submission(asked) : responseSubmission(asked),
      unending(),
    );

  test('that is promoted is paid once', async () => {
    const deps = adoptableDeps(engine);
    const prompt = newPrompt();
    const asked = { prompt, controls: 'tokens=150&rate=100', respondAsync: false, waitMs: 600 };
    const job = await submit(deps, asked);
    expect(job).toMatchObject({ status: 'queued', strikes: 0, upstreamId: expect.any(String) });
    expect(job.seq).toBeGreaterThan(0);
    expect(await engine.takeMessages()).toEqual([{ v: 1, jobId: job.id, epoch: 1 }]);
    await work(deps, hint(job.id), unending());
    expect(await stored(deps, job.id)).toMatchObject({
      status: 'completed',
      attempt: 2,
      segments: api === 'generate' ? [{ attempt: 1 }] : [{ attempt: 1 }, { attempt: 2 }],
      ledger: [{ outcome: 'promoted' }, { outcome: 'completed', adopted: true }],
    });
    await expectWhole(engine, deps, job.id, prompt);
  });

  test.each([1, 2, 3])('whose worker is lost after checkpoint %i is paid once', async (nth) => {
    const clock = testClock(20);
    const sweepers = testClock(20);
    sweepers.leap(120_000);
    const sweeper = adoptableDeps(engine, sweepers);
    let checkpoints = 0;
    const deps = adoptableDeps(engine, clock, ({ jobs }) => ({
      jobs: watchedJobs(jobs, async (name) => {
        if (name === 'checkpoint') checkpoints += 1;
        if (name === 'checkpoint' && checkpoints === nth) await sweep(sweeper, unending());
      }),
    }));
    const prompt = newPrompt();
    const asked = { prompt, controls: 'tokens=100&rate=100', respondAsync: true, waitMs: 0 };
    const job = await submit(deps, asked);
    const first = work(deps, hint(job.id), unending());
    await expect.poll(async () => (await stored(deps, job.id)).status).toBe('in_progress');
    const readUntilMs = after(sweepers.nowMs(), 3_600_000);
    await sweeper.jobs.write(follow(await stored(deps, job.id), { followedUntilMs: readUntilMs }));
    await expect.poll(async () => (await stored(deps, job.id)).status).toBe('queued');
    const kept = await stored(deps, job.id);
    await work(sweeper, hint(job.id), unending());
    await first;
    expect(kept.seq).toBeGreaterThan(0);
    expect(await stored(deps, job.id)).toMatchObject({
      status: 'completed',
      attempt: 2,
      ledger: [{ outcome: 'lost' }, { outcome: 'completed', adopted: true }],
    });
    await expectWhole(engine, deps, job.id, prompt);
    await engine.takeMessages();
  });

  test('that is cut after any event goes on behind it', async () => {
    const prompts: string[] = [];
    for (let count = 1; count < 14; count += 1) {
      const prompt = newPrompt();
      prompts.push(prompt);
      const clock = testClock();
      const deps = adoptableWith(engine, clock, (real) => ({
        open: (call, signal) => cutAfter(real.open(call, signal), count),
      }));
      const controls = 'tokens=5&rate=10000';
      const job = await submit(deps, { prompt, controls, respondAsync: true, waitMs: 0 });
      expect(await workOff(deps, clock, job.id), `cut after ${count}`).toBe(2);
      expect(await stored(deps, job.id)).toMatchObject({
        status: 'completed',
        ledger: [{ errorCode: 'upstream_cut' }, { adopted: true }],
      });
      await expectWhole(engine, deps, job.id, prompt);
    }
    await engine.takeMessages();
  });

  test('that is cut at each attempt goes on each time', async () => {
    const clock = testClock();
    const deps = adoptableWith(engine, clock, (real) => ({
      open: (call, signal) => cutAfter(real.open(call, signal), 7),
      resume: (id, position, signal) => cutAfter(real.resume(id, position, signal), 5),
    }));
    const prompt = newPrompt();
    const controls = 'tokens=5&rate=10000';
    const job = await submit(deps, { prompt, controls, respondAsync: true, waitMs: 0 });
    expect(await workOff(deps, clock, job.id)).toBe(3);
    expect(await stored(deps, job.id)).toMatchObject({ status: 'completed' });
    await expectWhole(engine, deps, job.id, prompt);
    await engine.takeMessages();
  });

  test('that its upstream cannot stream any more is looked at until it has ended', async () => {
    const clock = testClock(20);
    let looks = 0;
    const deps = adoptableWith(engine, clock, (real) => ({
      open: (call, signal) => cutAfter(real.open(call, signal), 8),
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *resume() {
        throw lost();
      },
      retrieve: (id, signal) => {
        looks += 1;
        return real.retrieve(id, signal);
      },
    }));
    const prompt = newPrompt();
    const controls = 'tokens=80&rate=100';
    const job = await submit(deps, { prompt, controls, respondAsync: true, waitMs: 0 });
    expect(await workOff(deps, clock, job.id)).toBe(2);
    expect(looks).toBeGreaterThan(1);
    expect(await stored(deps, job.id)).toMatchObject({
      status: 'completed',
      ledger: [{ errorCode: 'upstream_cut' }, { outcome: 'completed', adopted: true }],
      usage: { output_tokens: 80 },
    });
    expect(await engine.generations(prompt)).toMatchObject([{ outcome: 'finished' }]);
    if (api === 'generate') {
      expect(await shownText(deps, job.id)).toBe((await engine.generations(prompt))[0]?.text);
    }
    await engine.takeMessages();
  });

  test.each(['fail', 'error_event'])('whose generation died (%s) has a new one', async (fault) => {
    const clock = testClock();
    const deps = adoptableDeps(engine, clock);
    const prompt = newPrompt();
    const controls = `tokens=20&rate=10000&fault=${fault}&times=1&key=${prompt.slice(14, 20)}`;
    const job = await submit(deps, { prompt, controls, respondAsync: true, waitMs: 0 });
    await workOff(deps, clock, job.id);
    const ended = await stored(deps, job.id);
    expect(ended).toMatchObject({ status: 'completed' });
    expect(ended.ledger.at(-1)).toMatchObject({ outcome: 'completed' });
    expect(ended.ledger.at(-1)?.adopted ?? false).toBe(false);
    const generations = await engine.generations(prompt);
    expect(generations).toMatchObject([{ outcome: `fault:${fault}` }, { outcome: 'finished' }]);
    if (api === 'generate') expect(await shownText(deps, job.id)).toBe(generations[1]?.text);
    else {
      const events = await engine.upstreamEvents(generations[1]?.id ?? '');
      expect(gistsOfEntries(await followed(deps, job.id))).toEqual(gistsOfEvents(events));
    }
    await engine.takeMessages();
  });
});
