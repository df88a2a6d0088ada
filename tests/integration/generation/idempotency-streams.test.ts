import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import { adoptableDeps } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { ask, fieldOf, isReplay, keyed, streamOf } from '../../fixtures/keyed.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const quick = 'demo?first_ms=0&tokens=40&rate=1000';
const slow = 'demo?first_ms=0&tokens=60&rate=40';

type Made = { readonly route: string; readonly body: object };
const chat = (prompt: string, more: object = {}): Made => ({
  route: '/v1/chat/completions',
  body: { messages: [{ role: 'user', content: prompt }], model: quick, stream: true, ...more },
});
const responses = (prompt: string, more: object = {}): Made => ({
  route: '/v1/responses',
  body: { input: prompt, model: quick, stream: true, ...more },
});

/** The text that a stream tells, whichever API it is of. */
const textOf = (stream: string): string =>
  stream
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)))
    .map(({ type, delta, choices }) =>
      type === 'response.output_text.delta' ? delta : (choices?.[0]?.delta.content ?? ''),
    )
    .join('');

const depsOf = (upstream: 'chat' | 'responses'): EngineDeps =>
  upstream === 'chat' ? engine.deps() : adoptableDeps(engine);

describe.each([
  ['chat', 'chat', chat],
  ['responses', 'chat', responses],
  ['responses', 'responses', responses],
] as const)('a stream of %s from a %s upstream', (_, upstream, make) => {
  test('is repeated to the byte when it has ended', async () => {
    const deps = depsOf(upstream);
    const [prompt, key] = [newPrompt(), randomUUID()];
    const { route, body } = make(prompt);
    const first = await ask(deps, keyed(key, route, body));
    expect(isReplay(first)).toBe(false);
    const told = await streamOf(first);
    const again = await ask(deps, keyed(key, route, body));
    expect(again).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
    expect(await streamOf(again)).toBe(told);
    const [generation, ...others] = await engine.generations(prompt);
    expect(textOf(told)).toBe(generation?.text);
    expect(others).toEqual([]);
  });

  test('is told to all who ask at once, from its first event to its last', async () => {
    const deps = depsOf(upstream);
    const [prompt, key] = [newPrompt(), randomUUID()];
    const { route, body } = make(prompt, { model: slow });
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => ask(deps, keyed(key, route, body))),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(replies.filter(isReplay)).toHaveLength(19);
    const streams = new Set(await Promise.all(replies.map(streamOf)));
    expect(streams.size).toBe(1);
    const [generation, ...others] = await engine.generations(prompt);
    expect([...streams].map(textOf)).toEqual([generation?.text]);
    expect(others).toEqual([]);
  });

  test('that failed before it said anything is repeated as that failure', async () => {
    const deps = depsOf(upstream);
    const key = randomUUID();
    const { route, body } = make(newPrompt(), { model: 'demo?first_ms=0&fault=400' });
    const [first, again] = [
      await ask(deps, keyed(key, route, body)),
      await ask(deps, keyed(key, route, body)),
    ];
    expect([first.status, again.status]).toEqual([400, 400]);
    expect([first, again].map(isReplay)).toEqual([false, true]);
    expect(again.body).toEqual(first.body);
  });

  test('that broke is repeated up to there, with its error', async () => {
    const deps = depsOf(upstream);
    const [prompt, key] = [newPrompt(), randomUUID()];
    const { route, body } = make(prompt, {
      model: 'demo?first_ms=0&tokens=40&rate=1000&fault=cut&after=20',
    });
    const told = await streamOf(await ask(deps, keyed(key, route, body)));
    expect(told).toContain('upstream_cut');
    expect(await streamOf(await ask(deps, keyed(key, route, body)))).toBe(told);
    expect(await engine.generations(prompt)).toHaveLength(1);
  });
});

test('a response in the background is streamed again, and shown as it is', async () => {
  const deps = adoptableDeps(engine);
  const [prompt, key] = [newPrompt(), randomUUID()];
  const { route, body } = responses(prompt, { background: true });
  const first = streamOf(await ask(deps, keyed(key, route, body)));
  const [message] = await engine.takeMessages();
  if (message === undefined) throw new Error('no message was sent');
  await work(deps, message, unending());
  const again = await ask(deps, keyed(key, route, body));
  expect(isReplay(again)).toBe(true);
  expect(await streamOf(again)).toBe(await first);

  const plainKey = randomUUID();
  const plain = { ...body, stream: false };
  const queued = await ask(deps, keyed(plainKey, route, plain));
  expect(queued).toMatchObject({ status: 200, body: { status: 'queued' } });
  await work(deps, hint(String(fieldOf(queued, 'id'))), unending());
  const done = await ask(deps, keyed(plainKey, route, plain));
  expect(done).toMatchObject({ status: 200, body: { status: 'completed' } });
  expect(isReplay(done)).toBe(true);
  await engine.takeMessages();
});

test('the usage ends a repeated stream of chat where it was asked for', async () => {
  const deps = engine.deps();
  for (const asked of [true, false]) {
    const key = randomUUID();
    const options = asked ? { stream_options: { include_usage: true } } : {};
    const { route, body } = chat(newPrompt(), options);
    await streamOf(await ask(deps, keyed(key, route, body)));
    const again = await streamOf(await ask(deps, keyed(key, route, body)));
    expect(again.includes('"completion_tokens":40')).toBe(asked);
    expect(again.endsWith('data: [DONE]\n\n')).toBe(true);
  }
});

describe('a chat stream that a worker of an earlier version finished', () => {
  /** What such a worker sees: it knows no keys, so it stores no more than others have followed. */
  const earlier = (deps: EngineDeps): EngineDeps => {
    const unaware = <T extends Job | undefined>(job: T): T =>
      job === undefined ? job : { ...job, idempotency: undefined };
    return {
      ...deps,
      jobs: {
        ...deps.jobs,
        load: async (...given) => unaware(await deps.jobs.load(...given)),
        write: async (write) => {
          const outcome = await deps.jobs.write(write);
          return outcome.kind === 'written' ? { ...outcome, job: unaware(outcome.job) } : outcome;
        },
      },
    };
  };
  const queuedStream = async (deps: EngineDeps, key: string, prompt: string, model: string) => {
    const { route, body } = chat(prompt, { model, stream_options: { include_usage: true } });
    const headers = { prefer: 'respond-async' };
    const id = String(fieldOf(await ask(deps, keyed(key, route, body, headers)), 'id'));
    await engine.takeMessages();
    return { id, replay: () => ask(deps, keyed(key, route, body)) };
  };

  test('is repeated from the completion', async () => {
    const deps = engine.deps();
    const prompt = newPrompt();
    const { id, replay } = await queuedStream(deps, randomUUID(), prompt, quick);
    await work(earlier(deps), hint(id), unending());
    expect(await stored(deps, id)).toMatchObject({ status: 'completed', seq: 0 });
    const again = await streamOf(await replay());
    expect(textOf(again)).toBe((await engine.generations(prompt))[0]?.text);
    expect(again).toContain('"completion_tokens":40');
    expect(again).toContain(`"id":"${id}"`);
  });

  test('is never taken for whole by who followed it, and is whole when asked for again', async () => {
    const clock = testClock();
    const deps = engine.deps(clock);
    const prompt = newPrompt();
    const model = 'demo?first_ms=0&tokens=80&rate=40';
    const { id, replay } = await queuedStream(deps, randomUUID(), prompt, model);
    const working = work(earlier(deps), hint(id), unending());
    await expect.poll(async () => (await stored(deps, id)).status).toBe('in_progress');
    const following = streamOf(await replay());
    await working;
    const told = await following;
    const whole = (await engine.generations(prompt))[0]?.text ?? '';
    expect(textOf(told) === whole || told.includes('The stream was interrupted')).toBe(true);
    expect(textOf(await streamOf(await replay()))).toBe(whole);
  });
});
