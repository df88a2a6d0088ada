import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { acceptSubmission } from '../../../lib/generation/accept-submission.ts';
import type { StreamItem } from '../../../lib/generation/follow.ts';
import { liveJob } from '../../../lib/generation/live.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isJsonObject } from '../../../lib/wire/json-object.ts';
import {
  adoptableDeps,
  entriesOf,
  followed,
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
import { stored, watchedJobs } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

/** A live stream, and what its reader was told so far. */
const start = async (
  deps: EngineDeps,
  asked: Parameters<typeof responseSubmission>[0],
  functionSignal = unending(),
) => {
  const submission = responseSubmission({ respondAsync: false, waitMs: 0, ...asked });
  const accepted = await acceptSubmission(deps, { ...submission, live: true });
  const items: StreamItem[] = [];
  const told = (async () => {
    for await (const item of liveJob(deps, accepted, functionSignal)) items.push(item);
    return items;
  })();
  return { id: accepted.job.id, items, told };
};

const outputOf = (items: readonly StreamItem[]): string =>
  entriesOf(items)
    .map(({ entry }): unknown => JSON.parse(entry))
    .map((event) =>
      isJsonObject(event) && event['type'] === 'response.output_text.delta' ? event['delta'] : '',
    )
    .join('');

describe.each(['chat', 'responses'] as const)('a live stream from a %s upstream', (protocol) => {
  const depsOf = (clock = testClock()): EngineDeps =>
    protocol === 'chat' ? engine.deps(clock) : adoptableDeps(engine, clock);

  test('tells each piece as it comes, and is stored as it was told', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const { id, items, told } = await start(deps, { prompt, controls: 'tokens=40&rate=100' });
    await expect.poll(() => outputOf(items)).toContain(' ');
    expect(await stored(deps, id)).toMatchObject({ status: 'in_progress', seq: 0, live: true });
    await told;
    expect(items.at(-1)).toMatchObject({ kind: 'ended', job: { id, status: 'completed' } });
    expect(outputOf(items)).toBe((await engine.generations(prompt))[0]?.text);
    expect(entriesOf(items).map(({ seq }) => seq)).toEqual(entriesOf(items).map((_, at) => at + 1));
    expect(await followed(deps, id)).toEqual([
      ...items.slice(0, -1),
      { kind: 'ended', job: await stored(deps, id) },
    ]);
    expect(await engine.generations(prompt)).toMatchObject([{ background: false }]);
  });

  test('that breaks after its first output is failed, not begun again', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const controls = 'tokens=40&rate=1000&fault=cut&times=1';
    const { id, items, told } = await start(deps, { prompt, controls });
    await told;
    expect(items.at(-1)).toMatchObject({
      kind: 'ended',
      job: { status: 'failed', error: { code: 'upstream_cut' }, attempt: 1 },
    });
    expect(await engine.generations(prompt)).toHaveLength(1);
    expect((await stored(deps, id)).dueAtMs).toBeUndefined();
    expect(entriesOf(await followed(deps, id))).toEqual(entriesOf(items));
  });

  test('that fails before its first output is begun again, and its reader told the second', async () => {
    const clock = testClock();
    const deps = depsOf(clock);
    const prompt = newPrompt();
    const controls = `tokens=40&rate=1000&fault=500&times=1`;
    const { id, items, told } = await start(deps, { prompt, controls });
    await expect.poll(async () => (await stored(deps, id)).status).toBe('queued');
    expect(items).toEqual([]);
    clock.leap(2_000);
    await work(deps, hint(id), unending());
    await told;
    const job = await stored(deps, id);
    expect(job).toMatchObject({ status: 'completed', attempt: 2 });
    expect(outputOf(items)).toBe((await engine.generations(prompt))[1]?.text);
    expect(items.at(-1)).toEqual({ kind: 'ended', job });
  });

  test('whose second attempt breaks after its first output is not begun a third time', async () => {
    const clock = testClock();
    const deps = depsOf(clock);
    const prompt = newPrompt();
    const controls = `tokens=40&rate=1000&fault=500&times=1`;
    const { id, told } = await start(deps, { prompt, controls });
    await expect.poll(async () => (await stored(deps, id)).status).toBe('queued');
    clock.leap(2_000);
    const [first] = deps.upstreams.all();
    if (first === undefined) throw new Error('There is no upstream.');
    const cutting = {
      ...first,
      async *open(...call: Parameters<typeof first.open>) {
        let seen = 0;
        for await (const event of first.open(...call)) {
          seen += 1;
          if (seen > 12) throw new TypeError('broken');
          yield event;
        }
      },
    };
    const upstreams = {
      ...deps.upstreams,
      route: (model: string) => [{ upstream: cutting, model }],
    };
    await work({ ...deps, upstreams }, hint(id), unending());
    expect((await told).at(-1)).toMatchObject({ kind: 'ended', job: { status: 'failed' } });
    expect(await stored(deps, id)).toMatchObject({ attempt: 2 });
  });

  test('whose lease is lost ends, and nobody begins it again', async () => {
    const clock = testClock(20);
    const later = testClock(20);
    later.leap(120_000);
    const sweeper = depsOf(later);
    const real = depsOf(clock);
    let checkpoints = 0;
    const deps: EngineDeps = {
      ...real,
      jobs: watchedJobs(real.jobs, async (name) => {
        if (name === 'checkpoint') checkpoints += 1;
        if (name === 'checkpoint' && checkpoints === 1) await sweep(sweeper, unending());
      }),
    };
    const prompt = newPrompt();
    const { id, items, told } = await start(deps, { prompt, controls: 'tokens=200&rate=100' });
    await told;
    expect(items.at(-1)).toMatchObject({
      kind: 'ended',
      job: { status: 'failed', error: { code: 'worker_lost' }, attempt: 1 },
    });
    expect(await engine.generations(prompt)).toHaveLength(1);
    await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
    expect((await stored(deps, id)).dueAtMs).toBeUndefined();
  });

  test('whose function ends is failed, with what was told', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const ending = new AbortController();
    const asked = { prompt, controls: 'tokens=300&rate=100' };
    const { id, items, told } = await start(deps, asked, ending.signal);
    await expect.poll(() => outputOf(items)).toContain(' ');
    ending.abort();
    await told;
    expect(items.at(-1)).toMatchObject({
      kind: 'ended',
      job: { status: 'failed', error: { code: 'generation_too_long' } },
    });
    expect(entriesOf(await followed(deps, id))).toEqual(entriesOf(items));
    await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
  });

  test('whose reader goes away is finished, and stays readable', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const submission = responseSubmission({ prompt, controls: 'tokens=40&rate=100' });
    const accepted = await acceptSubmission(deps, { ...submission, live: true });
    for await (const item of liveJob(deps, accepted, unending())) {
      if (item.kind === 'entry' && item.seq > 6) break;
    }
    const { id } = accepted.job;
    await expect.poll(async () => (await stored(deps, id)).status).toBe('completed');
    expect(outputOf(await followed(deps, id))).toBe((await engine.generations(prompt))[0]?.text);
  });
});
