import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { responseOf } from '../../../lib/answer/job-object.ts';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import type { UpstreamServer } from '../../../lib/ports/upstreams.ts';
import { jobLedger } from '../../../lib/wire/job-ledger.ts';
import type { JsonObject } from '../../../lib/wire/production.ts';
import {
  adoptableDeps,
  adoptableWith,
  cut,
  cutAfter,
  lost,
  responseSubmission,
} from '../../fixtures/adoptable.ts';
import {
  changed,
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  only,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, shownText, stored, watchedJobs, workOff } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

const ledgerOf = (job: Job) => jobLedger(job, 'https://example.com/result');

/** The demo model's own count of what a text is. */
const wordsIn = (text: string): number => text.split(/(?<=\S)(?=\s)/).length;

/** A quarter of the characters, by the rule of thumb that estimates are made with. */
const tokensOfText = (text: string): number => Math.ceil(text.length / 4);

const contentOf = (event: JsonObject): string => {
  const { choices } = event;
  const [choice]: unknown[] = Array.isArray(choices) ? choices : [];
  const { delta } = Object.assign({ delta: {} }, choice);
  return String(Object.assign({ content: '' }, delta).content ?? '');
};

/** The upstream, with what came of each of its streams until the reader left it or it was cut. */
const watched = (real: UpstreamServer, cutAt: (call: number) => number | undefined) => {
  const texts: string[] = [];
  const open: UpstreamServer['open'] = async function* (call, signal) {
    const at = texts.push('') - 1;
    const count = cutAt(at);
    const events = real.open(call, signal);
    for await (const event of count === undefined ? events : cutAfter(events, count)) {
      texts[at] += contentOf(event);
      yield event;
    }
  };
  return { texts, server: { ...real, open } };
};

test('a promoted attempt that cannot be adopted has its tokens counted, beside the worker’s', async () => {
  const deps = engine.deps();
  const prompt = newPrompt();
  const asked = submission({ prompt, waitMs: 1_000, controls: 'tokens=200&rate=100' });
  const promoted = await submitAndWait(deps, asked, unending());
  expect(promoted.status).toBe('queued');
  await work(deps, hint(promoted.id), unending());
  const job = await stored(deps, promoted.id);
  const [first] = await engine.generations(prompt);
  const { attempts, tokens } = ledgerOf(job);
  expect(attempts).toMatchObject([
    { outcome: 'promoted', usage: { input_tokens: job.inputTokens, estimated: true } },
    { outcome: 'completed', usage: { output_tokens: 200, estimated: false } },
  ]);
  const seen = attempts[0]?.usage?.output_tokens ?? 0;
  expect(seen).toBeGreaterThan(0);
  expect(seen).toBeLessThanOrEqual(tokensOfText(first?.text ?? ''));
  expect(tokens.delivered).toBe(attempts[1]?.usage?.total_tokens);
  expect(tokens.generated).toBe(tokens.delivered + tokens.estimated);
});

test('an attempt that is cut has the text counted that came before', async () => {
  const clock = testClock();
  const { server, texts } = watched(engine.server('chat'), (call) => (call < 2 ? 12 : undefined));
  const deps = engine.deps(clock, () => ({ upstreams: only(server) }));
  const job = await queuedJob(engine, deps);
  expect(await workOff(deps, clock, job.id)).toBe(3);
  const { attempts, tokens } = ledgerOf(await stored(deps, job.id));
  expect(attempts.map(({ outcome, usage }) => [outcome, usage?.output_tokens])).toEqual([
    ['requeued', tokensOfText(texts[0] ?? '')],
    ['requeued', tokensOfText(texts[1] ?? '')],
    ['completed', 40],
  ]);
  expect(attempts.map(({ usage }) => usage?.estimated)).toEqual([true, true, false]);
  expect(tokens.generated).toBeGreaterThan(tokens.delivered);
});

test.each([
  ['fault=429', 'upstream_rate_limited'],
  ['fault=503', 'upstream_unavailable'],
  ['fault=401', 'upstream_credentials'],
])('a call that is refused (%s) costs nothing', async (controls, errorCode) => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const job = await queuedJob(engine, deps, { controls });
  await work(deps, hint(job.id), unending());
  const { attempts, tokens } = ledgerOf(await stored(deps, job.id));
  expect(attempts).toMatchObject([{ error: { code: errorCode }, usage: null }]);
  expect(tokens).toEqual({ generated: 0, delivered: 0, estimated: 0 });
});

test('the attempts on an upstream that was given up for the next one are counted', async () => {
  const clock = testClock();
  const { server, texts } = watched(engine.server('chat', 'first'), () => 9);
  const second = engine.server('chat', 'second');
  const spare = 'demo-spare?tokens=12&rate=10000&first_ms=0';
  const deps = engine.deps(clock, () => ({
    upstreams: {
      defaultModel: 'demo',
      route: (model) => [
        { upstream: server, model },
        { upstream: second, model: spare },
      ],
      named: (name) => [server, second].find((one) => one.name === name),
      all: () => [server, second],
    },
  }));
  const job = await queuedJob(engine, deps);
  expect(await workOff(deps, clock, job.id)).toBe(5);
  const { attempts, tokens } = ledgerOf(await stored(deps, job.id));
  expect(attempts.map(({ usage }) => usage?.output_tokens)).toEqual([
    ...texts.map(tokensOfText),
    12,
  ]);
  expect(texts).toHaveLength(4);
  expect(tokens.delivered).toBe(attempts[4]?.usage?.total_tokens);
});

test('a crash costs what was stored of it, and the worker that begins again counts its own', async () => {
  const clock = testClock(20);
  const sweepers = testClock(20);
  sweepers.leap(120_000);
  const sweeper = engine.deps(sweepers);
  let crashed = false;
  const deps = engine.deps(clock, ({ jobs }) => ({
    jobs: watchedJobs(jobs, async (name) => {
      if (name !== 'checkpoint' || crashed) return;
      crashed = true;
      await sweep(sweeper, unending());
    }),
  }));
  // Its first checkpoint comes 10 s after its start, in the middle.
  const job = await queuedJob(engine, deps, { controls: 'tokens=200&rate=200' });
  await work(deps, hint(job.id), unending());
  const waiting = await stored(deps, job.id);
  expect(waiting).toMatchObject({ status: 'queued', ledger: [{ outcome: 'lost', fromSeq: 0 }] });
  const usage = { input_tokens: job.inputTokens, output_tokens: waiting.seq };
  expect(waiting.seq).toBeGreaterThan(0);
  expect(waiting.ledger[0]).toMatchObject({ usage, usageEstimated: true });
  expect(wordsIn(await shownText(deps, job.id))).toBe(waiting.seq);
  await work(sweeper, hint(job.id), unending());
  const ended = await stored(deps, job.id);
  expect(ended.ledger).toMatchObject([
    { usage },
    { outcome: 'completed', usage: { output_tokens: 200 } },
  ]);
});

test('what a cancel leaves in the ledger is what its response says', async () => {
  const deps = adoptableDeps(engine);
  const prompt = newPrompt();
  const controls = 'tokens=300&rate=50';
  const submitted = responseSubmission({ prompt, controls });
  const job = await submitAndWait(deps, submitted, unending());
  const worked = work(deps, hint(job.id), unending());
  await expect
    .poll(async () => (await engine.generations(prompt))[0]?.text.length)
    .toBeGreaterThanOrEqual(40);
  await cancelJob(deps, await stored(deps, job.id));
  await worked;
  const cancelled = await stored(deps, job.id);
  const { attempts, tokens } = ledgerOf(cancelled);
  const [{ text } = { text: '' }] = await engine.generations(prompt);
  const usage = attempts[0]?.usage;
  expect(usage).toMatchObject({ input_tokens: job.inputTokens, estimated: true });
  expect(usage?.output_tokens).toBeGreaterThan(0);
  expect(usage?.output_tokens).toBeLessThanOrEqual(tokensOfText(text));
  expect(tokens).toMatchObject({ delivered: 0, generated: usage?.total_tokens });
  expect((await responseOf(deps, cancelled)).usage).toMatchObject({ ...usage });
});

const adoptions: readonly [string, (deps: EngineDeps, prompt: string) => Promise<Job>][] = [
  [
    'promoted',
    (deps, prompt) => {
      const controls = 'tokens=150&rate=100';
      return submitAndWait(deps, submission({ prompt, controls, waitMs: 600 }), unending());
    },
  ],
  [
    'requeued',
    async (deps, prompt) => {
      const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=150&rate=10000' });
      await work(deps, hint(job.id), unending());
      return stored(deps, job.id);
    },
  ],
];

test.each(adoptions)('a %s generation that is adopted is counted once', async (outcome, first) => {
  const clock = testClock();
  const deps =
    outcome === 'promoted'
      ? adoptableDeps(engine, clock)
      : adoptableWith(engine, clock, (real) => ({
          open: (call, signal) => cutAfter(real.open(call, signal), 20),
        }));
  const prompt = newPrompt();
  const waiting = await first(deps, prompt);
  expect(waiting.ledger).toMatchObject([{ outcome, usageEstimated: true }]);
  clock.leap(Math.max(0, waiting.notBeforeMs - clock.nowMs()));
  await work(deps, hint(waiting.id), unending());
  const { attempts, tokens } = ledgerOf(await stored(deps, waiting.id));
  expect(attempts).toMatchObject([
    { outcome, usage: null },
    { outcome: 'completed', adopted: true, usage: { output_tokens: 150, estimated: false } },
  ]);
  expect(await engine.generations(prompt)).toHaveLength(1);
  expect(tokens).toEqual({
    generated: attempts[1]?.usage?.total_tokens,
    delivered: attempts[1]?.usage?.total_tokens,
    estimated: 0,
  });
});

test('a generation that its upstream lost stays on the attempt that ran it', async () => {
  const clock = testClock();
  let calls = 0;
  const deps = adoptableDeps(engine, clock, (real) =>
    changed(real, (server) => ({
      open: (call, signal) => {
        calls += 1;
        const events = server.open(call, signal);
        return calls === 1 ? cutAfter(events, 30) : events;
      },
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *resume() {
        throw lost();
      },
      retrieve: async () => {
        throw lost();
      },
    })),
  );
  const job = await queuedJob(engine, deps, { controls: 'tokens=60&rate=10000' });
  expect(await workOff(deps, clock, job.id)).toBe(2);
  const { attempts, tokens } = ledgerOf(await stored(deps, job.id));
  expect(attempts).toMatchObject([
    { usage: { input_tokens: job.inputTokens, estimated: true } },
    { adopted: false, usage: { output_tokens: 60, estimated: false } },
  ]);
  expect(attempts[0]?.usage?.output_tokens).toBeGreaterThan(0);
  expect(tokens.generated).toBe(tokens.delivered + tokens.estimated);
});

test('a call that fails before its first event may have been read all the same', async () => {
  const clock = testClock();
  const deps = engine.deps(clock, (real) =>
    changed(real, () => ({
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *open() {
        throw cut();
      },
    })),
  );
  const job = await queuedJob(engine, deps);
  await work(deps, hint(job.id), unending());
  const { attempts } = ledgerOf(await stored(deps, job.id));
  expect(attempts).toMatchObject([
    { usage: { input_tokens: job.inputTokens, output_tokens: 0, estimated: true } },
  ]);
});
