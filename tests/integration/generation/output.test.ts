import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { readResult, viewJob } from '../../../lib/generation/read.ts';
import { work } from '../../../lib/generation/work.ts';
import { maxChunkBytes, maxOutputChars } from '../../../lib/limits.ts';
import type { ContentStore } from '../../../lib/ports/content.ts';
import { parseFinalGeneration } from '../../../lib/wire/final-generation.ts';
import type { JsonObject } from '../../../lib/wire/production.ts';
import { finishChunk, startChunk, textChunk } from '../../fixtures/chat-chunks.ts';
import {
  changed,
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, shownText, stored, watchedJobs } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const fortySeconds = 'tokens=200&rate=100';
const speed = 20;

const checkpointsOf = (writes: readonly string[]): number =>
  writes.filter((name) => name === 'checkpoint').length;

test('output that nobody reads is written every ten seconds', async () => {
  const writes: string[] = [];
  const clock = testClock(speed);
  const deps = engine.deps(clock, ({ jobs }) => ({
    jobs: watchedJobs(jobs, (name) => {
      writes.push(name);
    }),
  }));
  const job = await queuedJob(engine, deps, { controls: fortySeconds });
  const startedAtMs = clock.nowMs();
  await work(deps, hint(job.id), unending());
  expect(checkpointsOf(writes)).toBeGreaterThanOrEqual(2);
  expect(checkpointsOf(writes)).toBeLessThanOrEqual((clock.nowMs() - startedAtMs) / 10_000);
  expect(writes.filter((name) => name === 'renew')).toEqual([]);
});

test('output that somebody reads is written every second, and each reading is a beginning of it', async () => {
  const writes: string[] = [];
  const deps = engine.deps(testClock(10), ({ jobs }) => ({
    jobs: watchedJobs(jobs, (name) => {
      writes.push(name);
    }),
  }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=200&rate=50' });
  const worked = work(deps, hint(job.id), unending());
  const readings = new Set<string>();
  let pending = true;
  while (pending) {
    const view = await readResult(deps, job.id, 500, unending());
    pending = view.kind === 'unfinished';
    readings.add(
      view.kind === 'unfinished' ? view.partialText : parseFinalGeneration(view.final).text,
    );
  }
  await worked;
  expect(checkpointsOf(writes)).toBeGreaterThanOrEqual(8);
  const whole = (await engine.generations(prompt))[0]?.text ?? '';
  expect(readings.size).toBeGreaterThan(4);
  for (const reading of readings) expect(whole.startsWith(reading)).toBe(true);
});

/** An upstream that puts out these texts, then this event or fault. */
const speaking = (
  real: EngineDeps,
  texts: readonly string[],
  last: JsonObject | Fault,
): Pick<EngineDeps, 'upstreams'> =>
  changed(real, () => ({
    async *open() {
      yield startChunk();
      for (const text of texts) yield textChunk(text);
      if (last instanceof Fault) throw last;
      yield last;
    },
  }));

const chunkSizes = (content: ContentStore, sizes: number[]): ContentStore => ({
  ...content,
  putChunk: (jobId, chunk, expiresAtMs) => {
    sizes.push(Buffer.byteLength(chunk.deltas.join('')));
    return content.putChunk(jobId, chunk, expiresAtMs);
  },
});

const twoMegabytes = randomBytes(1_500_000).toString('base64');
const pieces = twoMegabytes.match(/.{1,1000}/g) ?? [];
const refusal = new Fault('upstream_error', 'It broke.', { retry: { kind: 'never' } });

test.each([
  ['in one piece', [twoMegabytes]],
  ['in many pieces', pieces],
])(
  'two megabytes that cannot be compressed, %s, are kept when the generation fails',
  async (_, texts) => {
    const sizes: number[] = [];
    const deps = engine.deps(testClock(), (real) => ({
      ...speaking(real, texts, refusal),
      content: chunkSizes(real.content, sizes),
    }));
    const job = await queuedJob(engine, deps);
    expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
    expect(await stored(deps, job.id)).toMatchObject({
      status: 'failed',
      error: { code: 'upstream_error' },
    });
    expect((await shownText(deps, job.id)) === twoMegabytes).toBe(true);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(maxChunkBytes);
  },
);

test('two megabytes are a result like any other', async () => {
  const deps = engine.deps(testClock(), (real) => speaking(real, [twoMegabytes], finishChunk()));
  const job = await queuedJob(engine, deps);
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', answeredBy: 'plain' });
  expect((await shownText(deps, job.id)) === twoMegabytes).toBe(true);
});

test('a generation without end is broken off at its bound, and what came before is kept', async () => {
  const piece = 'endless '.repeat(100_000);
  let sent = 0;
  let isClosed = false;
  const deps = engine.deps(testClock(), (real) =>
    changed(real, () => ({
      async *open() {
        yield startChunk();
        try {
          for (; ; sent += piece.length) yield textChunk(piece);
        } finally {
          isClosed = true;
        }
      },
    })),
  );
  const job = await queuedJob(engine, deps);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    error: { code: 'output_too_large' },
    attempt: 1,
  });
  expect(isClosed).toBe(true);
  expect(sent).toBeLessThanOrEqual(maxOutputChars);
  expect(await shownText(deps, job.id)).toHaveLength(sent);
});

test('characters of two code units, cut into any deltas, come back whole', async () => {
  const text = '👩‍🚀'.repeat(60_000);
  const halves = [text.slice(0, 1), text.slice(1, 99_999), text.slice(99_999)];
  const deps = engine.deps(testClock(), (real) => speaking(real, halves, refusal));
  const job = await queuedJob(engine, deps);
  await work(deps, hint(job.id), unending());
  expect((await shownText(deps, job.id)) === text).toBe(true);
});

test('output that cannot be stored does not keep a failed job from its end', async () => {
  const deps = engine.deps(testClock(100), (real) => ({
    ...speaking(real, ['some', ' text'], refusal),
    content: {
      ...real.content,
      putChunk: async () => {
        throw new Fault('internal_error', 'Malformed.');
      },
    },
  }));
  const job = await queuedJob(engine, deps);
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    error: { code: 'upstream_error' },
  });
  expect(await shownText(deps, job.id)).toBe('');
});

test('a chunk that could not be stored at first is stored before those after it', async () => {
  const clock = testClock(30);
  let failures = 8;
  const deps = engine.deps(clock, (real) => ({
    ...changed(real, () => ({
      async *open(_, signal) {
        yield startChunk();
        for (const text of ['one ', 'two ', 'three ', 'four ']) {
          yield textChunk(text);
          await clock.sleep(12_000, signal);
        }
        throw refusal;
      },
    })),
    content: {
      ...real.content,
      putChunk: async (jobId, chunk, expiresAtMs) => {
        if (failures === 0) return real.content.putChunk(jobId, chunk, expiresAtMs);
        failures -= 1;
        throw new Fault('store_unavailable', 'Away.', { retry: { kind: 'later', afterMs: 0 } });
      },
    },
  }));
  const job = await queuedJob(engine, deps);
  await work(deps, hint(job.id), unending());
  expect(deps.logged).toContain('pulse.missed');
  expect(await shownText(deps, job.id)).toBe('one two three four ');
});

test('until its first event a new attempt leaves in place what the last one showed', async () => {
  const clock = testClock(10);
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const controls = 'tokens=150&rate=100&fault=cut&after=130&times=1';
  const job = await queuedJob(engine, deps, { prompt, controls });
  await work(deps, hint(job.id), unending());
  const shown = await shownText(deps, job.id);
  expect(shown).not.toBe('');
  const waiting = await stored(deps, job.id);
  expect(waiting.status).toBe('queued');
  clock.leap(60_000);

  let inBetween: string | undefined;
  const second = engine.deps(clock, (real) =>
    changed(real, () => ({
      async *open({ body }, signal) {
        inBetween = await shownText(deps, job.id);
        yield startChunk();
        yield textChunk('Afresh');
        const view = await viewJob(deps, waiting);
        expect(view.kind === 'unfinished' ? view.partialText : undefined).toBe(shown);
        expect(await shownText(deps, job.id)).toBe('');
        yield textChunk(' and whole.');
        signal.throwIfAborted();
        expect(body['messages']).toHaveLength(1);
        yield finishChunk();
      },
    })),
  );
  await work(second, hint(job.id), unending());
  expect(inBetween).toBe(shown);
  expect(await stored(second, job.id)).toMatchObject({ status: 'completed', attempt: 2 });
  expect(await shownText(second, job.id)).toBe('Afresh and whole.');
});

test('sequence numbers go on after a restart', async () => {
  const clock = testClock(10);
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const controls = 'tokens=300&rate=100&fault=cut&after=150&times=2';
  const job = await queuedJob(engine, deps, { prompt, controls });
  await work(deps, hint(job.id), unending());
  const first = await stored(deps, job.id);
  clock.leap(60_000);
  await work(deps, hint(job.id), unending());
  const second = await stored(deps, job.id);
  expect(first.segments).toEqual([{ attempt: 1, upTo: first.seq }]);
  expect(second.seq).toBeGreaterThan(first.seq);
  expect(second.segments).toEqual([{ attempt: 2, upTo: second.seq }]);
  expect(
    (await engine.generations(prompt))[1]?.text.startsWith(await shownText(deps, job.id)),
  ).toBe(true);
});
