import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventStream } from '../../../lib/answer/event-stream.ts';
import { responseFrames } from '../../../lib/answer/response-frames.ts';
import { erase } from '../../../lib/generation/erase.ts';
import { followJob, type StreamItem } from '../../../lib/generation/follow.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import {
  adoptableDeps,
  entriesOf,
  followed,
  gistsOfEntries,
  gistsOfEvents,
  responseSubmission,
} from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

const queuedResponse = async (
  deps: EngineDeps,
  asked: Parameters<typeof responseSubmission>[0],
): Promise<Job> => {
  const job = await submitAndWait(deps, responseSubmission(asked), unending());
  await engine.takeMessages();
  return job;
};

/** All that a client reads of the stream. */
const streamed = async (deps: EngineDeps, id: string, afterSeq = 0): Promise<string> => {
  const items = followJob(deps, id, { afterSeq }, unending());
  let text = '';
  for await (const frame of eventStream(deps.clock, items, responseFrames(deps, afterSeq))) {
    text += frame;
  }
  return text;
};

describe.each(['chat', 'responses'] as const)('readers of a job on a %s upstream', (protocol) => {
  const depsOf = (): EngineDeps =>
    protocol === 'chat' ? engine.deps(testClock(10)) : adoptableDeps(engine, testClock(10));

  test('from any place on read what those before it did, while it runs and after', async () => {
    const deps = depsOf();
    const job = await queuedResponse(deps, { controls: 'tokens=60&rate=100' });
    const first = followed(deps, job.id);
    const second = followed(depsOf(), job.id);
    const worked = work(deps, hint(job.id), unending());
    await expect.poll(async () => (await stored(deps, job.id)).seq).toBeGreaterThan(5);
    const joined = followed(depsOf(), job.id, 4);
    await worked;
    const items = await first;
    const entries = entriesOf(items);
    expect(items.at(-1)).toEqual({ kind: 'ended', job: await stored(deps, job.id) });
    expect(await second).toEqual(items);
    expect(await joined).toEqual(items.slice(4));
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    for (let afterSeq = 0; afterSeq <= entries.length; afterSeq += 1) {
      expect(await followed(deps, job.id, afterSeq)).toEqual(items.slice(afterSeq));
    }
  });

  test('get the same bytes, cut at any event or not', async () => {
    const deps = depsOf();
    const job = await queuedResponse(deps, { controls: 'tokens=8&rate=10000' });
    await work(deps, hint(job.id), unending());
    const whole = await streamed(deps, job.id);
    const frames = whole.split(/(?<=\n\n)/);
    expect(frames.at(-1)).toBe('data: [DONE]\n\n');
    const events = frames.slice(0, -1);
    expect(events.map((frame) => /"sequence_number":(\d+)/.exec(frame)?.[1])).toEqual(
      events.map((_, at) => String(at)),
    );
    for (const [at] of events.entries()) {
      expect(await streamed(deps, job.id, at + 1)).toBe(frames.slice(at + 1).join(''));
    }
  });
});

/** An attempt that breaks off after it has shown something, and the second that follows it. */
const restarted = async (whileBetween: (deps: EngineDeps, id: string) => Promise<void>) => {
  const clock = testClock(10);
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const controls = 'tokens=200&rate=100&fault=cut&after=150&times=1';
  const job = await queuedResponse(deps, { prompt, controls });
  const reading = followed(deps, job.id);
  await work(deps, hint(job.id), unending());
  await whileBetween(deps, job.id);
  clock.leap(60_000);
  await work(deps, hint(job.id), unending());
  return { deps, id: job.id, prompt, reading };
};

test('who was shown an attempt that counts no more is told so, and nothing of the next', async () => {
  let shown = 0;
  const { deps, id, reading } = await restarted(async (read, jobId) => {
    shown = (await stored(read, jobId)).seq;
  });
  const items = await reading;
  expect(shown).toBeGreaterThan(0);
  expect(items.at(-1)).toEqual({ kind: 'restarted' });
  expect(entriesOf(items).map(({ seq }) => seq)).toEqual(
    Array.from({ length: shown }, (_, at) => at + 1),
  );
  const frame = responseFrames(deps, 0);
  let last = '';
  for (const item of items) last = await frame(item);
  const lastShown = shown - 1;
  expect(last).toContain(
    `"type":"error","sequence_number":${lastShown},"code":"attempt_restarted"`,
  );
  expect(last).toContain('data: [DONE]');
  expect(await stored(deps, id)).toMatchObject({ status: 'completed', attempt: 2 });
});

// Found by the fault suite: `npm run faults -- --seed 5`, request r5-243.
test('who goes on after the event that told of a restart is shown the next attempt from its first', async () => {
  const { deps, id, reading } = await restarted(async () => undefined);
  const frame = responseFrames(deps, 0);
  let last = '';
  for (const item of await reading) last = await frame(item);
  const number = Number(/"sequence_number":(\d+)/.exec(last)?.[1]);
  const [first] = entriesOf(await followed(deps, id, number + 1));
  expect(JSON.parse(first?.entry ?? '')).toMatchObject({ type: 'response.created' });
});

test('who comes later is told the second attempt alone, whose numbers go on', async () => {
  const { deps, id } = await restarted(async () => undefined);
  const items = await followed(deps, id);
  const entries = entriesOf(items);
  const { segments, seq } = await stored(deps, id);
  expect(segments).toEqual([{ attempt: 2, upTo: seq }]);
  expect(JSON.parse(entries[0]?.entry ?? '')).toMatchObject({ type: 'response.created' });
  const first = entries[0]?.seq ?? 0;
  expect(first).toBeGreaterThan(1);
  expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, at) => first + at));
  expect(entries.at(-1)?.seq).toBe(seq);
});

test('a reader is told nothing anew when the next attempt goes on with the generation', async () => {
  const clock = testClock(10);
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  const controls = 'tokens=100&rate=100&fault=cut&after=50';
  const job = await queuedResponse(deps, { prompt, controls });
  const reading = followed(deps, job.id);
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  clock.leap(2_000);
  await work(deps, hint(job.id), unending());
  const items = await reading;
  expect(items.at(-1)).toMatchObject({ kind: 'ended', job: { attempt: 2, status: 'completed' } });
  const [generation, ...others] = await engine.generations(prompt);
  expect(others).toEqual([]);
  expect(gistsOfEntries(items)).toEqual(
    gistsOfEvents(await engine.upstreamEvents(generation?.id ?? '')),
  );
});

test('a reader of a job that is deleted is told so', async () => {
  const deps = adoptableDeps(engine, testClock(10));
  const job = await queuedResponse(deps, { controls: 'tokens=300&rate=50' });
  const reading = followed(deps, job.id);
  const worked = work(deps, hint(job.id), unending());
  await expect.poll(async () => (await stored(deps, job.id)).seq).toBeGreaterThan(0);
  await erase(deps, await stored(deps, job.id));
  const items = await reading;
  expect(items.at(-1)).toEqual({ kind: 'deleted' });
  expect(entriesOf(items).map(({ seq }) => seq)).toEqual(entriesOf(items).map((_, at) => at + 1));
  await worked;
});

test('a reader whose function ends can go on from any other', async () => {
  const deps = adoptableDeps(engine, testClock(10));
  const job = await queuedResponse(deps, { controls: 'tokens=60&rate=100' });
  const ending = new AbortController();
  const reading = followed(deps, job.id, 0, ending.signal);
  const worked = work(deps, hint(job.id), unending());
  await expect.poll(async () => (await stored(deps, job.id)).seq).toBeGreaterThan(0);
  ending.abort();
  const before: StreamItem[] = await reading;
  expect(before.at(-1)).toEqual({ kind: 'interrupted' });
  await worked;
  const after = await followed(deps, job.id, entriesOf(before).at(-1)?.seq ?? 0);
  expect([...before.slice(0, -1), ...after]).toEqual(await followed(deps, job.id));
});
