import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { watchRecords } from '../../../lib/generation/record-watch.ts';
import { submitAndWait as submit } from '../../../lib/generation/submit-and-wait.ts';
import { recordRefusedMs } from '../../../lib/limits.ts';
import type { ContentStore } from '../../../lib/ports/content.ts';
import {
  changed,
  type Engine,
  newPrompt,
  only,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

/** A machine may be busy with other things. */
const patience = { timeout: 60_000 };

const slow = 'tokens=5000&rate=20';

/** Puts no request before `until`. */
const putsAfter = (content: ContentStore, until: () => Promise<void>): ContentStore => ({
  ...content,
  putRequest: async (...args) => {
    await until();
    return content.putRequest(...args);
  },
});

const isBegun = (prompt: string): Promise<void> =>
  expect.poll(() => engine.generations(prompt), patience).toHaveLength(1);

/** How the generations of a prompt ended, once all of them have. */
const outcomes = async (prompt: string): Promise<readonly string[]> => {
  await expect
    .poll(async () => (await engine.generations(prompt)).filter(({ open }) => open), patience)
    .toEqual([]);
  return (await engine.generations(prompt)).map(({ outcome }) => String(outcome));
};

const refusing = (prompt: string) => async (): Promise<never> => {
  await isBegun(prompt);
  throw new Fault('store_unavailable', 'No answer.', { retry: { kind: 'later', afterMs: 0 } });
};

test('the upstream is called while the request is being recorded, and only once', async () => {
  const prompt = newPrompt();
  const deps = engine.deps(undefined, ({ content }) => ({
    content: putsAfter(content, () => isBegun(prompt)),
  }));
  const job = await submit(deps, submission({ prompt }), unending());
  expect(job).toMatchObject({ status: 'completed', attempt: 1, usage: { output_tokens: 40 } });
  expect(await outcomes(prompt)).toEqual(['finished']);
});

test.each(['chat', 'responses'] as const)(
  'a generation (%s) of a request that cannot be recorded is stopped, and the log accounts for it',
  async (protocol) => {
    const prompt = newPrompt();
    const deps = engine.deps(undefined, ({ content }) => ({
      content: { ...content, putRequest: refusing(prompt) },
      upstreams: only(engine.server(protocol)),
    }));
    await expect(
      submit(deps, submission({ prompt, controls: slow }), unending()),
    ).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(deps.logged).toContain('generation.unrecorded');
    expect(await outcomes(prompt)).toEqual([protocol === 'chat' ? 'client_gone' : 'cancelled']);
  },
);

test('after a record was refused, calls wait for theirs for half a minute', async () => {
  const clock = testClock();
  const calls: string[] = [];
  let isBroken = false;
  const deps = engine.deps(clock, (real) => ({
    content: {
      ...real.content,
      putRequest: async (...request) => {
        calls.push('record');
        if (isBroken) throw new Fault('store_unavailable', 'Refused.');
        return real.content.putRequest(...request);
      },
    },
    records: watchRecords(clock),
    ...changed(real, (upstream) => ({
      open: (...call) => {
        calls.push('call');
        return upstream.open(...call);
      },
    })),
  }));
  const ask = async (): Promise<readonly string[]> => {
    await submit(deps, submission({ prompt: newPrompt() }), unending()).catch(() => undefined);
    return calls.splice(0);
  };
  expect(await ask()).toEqual(['call', 'record']);
  isBroken = true;
  expect(await ask()).toEqual(['call', 'record']);
  expect(await ask()).toEqual(['record']);
  isBroken = false;
  expect(await ask()).toEqual(['record', 'call']);
  clock.leap(recordRefusedMs);
  expect(await ask()).toEqual(['call', 'record']);
});

test.each(['chat', 'responses'] as const)(
  'a generation (%s) whose wait was over before its record stood is stopped, and the ledger has it',
  async (protocol) => {
    const prompt = newPrompt();
    const clock = testClock();
    const deps = engine.deps(clock, ({ content }) => ({
      content: putsAfter(content, async () => {
        await isBegun(prompt);
        clock.leap(2_000);
      }),
      upstreams: only(engine.server(protocol)),
    }));
    const asked = submission({ prompt, waitMs: 1_000, controls: slow });
    const job = await submit(deps, asked, unending());
    expect(job).toMatchObject({
      status: 'queued',
      strikes: 0,
      ledger: [{ outcome: 'promoted', usageEstimated: true }],
    });
    expect(job.upstreamId).toBeUndefined();
    expect(await outcomes(prompt)).toEqual([protocol === 'chat' ? 'client_gone' : 'cancelled']);
    await engine.takeMessages();
  },
);

test('an upstream that fails while the request is being recorded fails the attempt, not the record', async () => {
  const prompt = newPrompt();
  const deps = engine.deps(undefined, ({ content }) => ({
    content: putsAfter(content, () => isBegun(prompt)),
  }));
  const controls = 'tokens=40&rate=10000&fault=400';
  const job = await submit(deps, submission({ prompt, controls }), unending());
  expect(job).toMatchObject({ status: 'failed', attempt: 1, ledger: [{ outcome: 'failed' }] });
  expect(await deps.jobs.load(job.id, 'strong')).toMatchObject({ status: 'failed' });
});

test('under a key the upstream is called only when the job is on record', async () => {
  const prompt = newPrompt();
  const before: number[] = [];
  const deps = engine.deps(undefined, ({ jobs }) => ({
    jobs: {
      ...jobs,
      create: async (job) => {
        before.push((await engine.generations(prompt)).length);
        return jobs.create(job);
      },
    },
  }));
  const key = {
    keyHash: prompt,
    fingerprint: 'same',
    onRecord: () => undefined,
    onReplay: () => undefined,
  };
  const job = await submit(deps, submission({ prompt, key }), unending());
  expect(job.status).toBe('completed');
  expect(before).toEqual([0]);
  expect(await outcomes(prompt)).toEqual(['finished']);
});

test('a request that its tenant may not make any more is not put to the upstream', async () => {
  const deps = engine.deps();
  const tenant = newPrompt();
  const limits = { requestsPerMinute: 1 };
  await submit(deps, submission({ tenant, limits }), unending());
  const prompt = newPrompt();
  await expect(
    submit(deps, submission({ tenant, limits, prompt }), unending()),
  ).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  expect(await engine.generations(prompt)).toEqual([]);
});

test('a deadline of a millisecond is not put to the upstream', async () => {
  const prompt = newPrompt();
  const deps = engine.deps(testClock());
  const job = await submit(deps, submission({ prompt, deadlineMs: 1 }), unending());
  expect(job).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
  expect(await engine.generations(prompt)).toEqual([]);
});
