import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerChat } from '../../../lib/answer/chat.ts';
import { answerGenerate } from '../../../lib/answer/generate.ts';
import { answerResponses } from '../../../lib/answer/responses.ts';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import type { Job } from '../../../lib/job/job.ts';
import {
  type Engine,
  type EngineDeps,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { postRequest } from '../../fixtures/http-request.ts';
import {
  accepted,
  ask,
  type Limited,
  limitedSubmission,
  limitedTenant,
} from '../../fixtures/limited.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const later = { respondAsync: true, waitMs: 0 } as const;
const short = 'demo?first_ms=0&tokens=40&rate=10000';

/** A clock that stands still: a request that is held would never be answered. */
const still = (): EngineDeps => engine.deps(testClock(0));

const liveJobs = async (deps: EngineDeps, { tenant }: Limited): Promise<number | undefined> =>
  (await deps.tenantTurns.find(tenant)).live;

const waitFor = (deps: EngineDeps, limited: Limited, takesPending: boolean): Promise<Job> =>
  submitAndWait(deps, limitedSubmission(limited, { takesPending }), unending());

test('with as many live jobs as may be waited for, a further request is queued and answered at once', async () => {
  const deps = still();
  const limited = await limitedTenant(engine, deps, { waiting: 2 });
  const [first] = [await accepted(deps, limited, later), await accepted(deps, limited, later)];
  await engine.takeMessages();

  const job = await waitFor(deps, limited, true);
  expect(job).toMatchObject({ status: 'queued', admission: { decision: 'queued' } });
  expect(job.admission.why).toContain('waited for');
  expect(await stored(deps, job.id)).toMatchObject({ status: 'queued', attempt: 0 });
  expect((await engine.takeMessages()).map(({ jobId }) => jobId)).toEqual([job.id]);

  // An end makes room.
  await cancelJob(deps, job);
  await cancelJob(deps, first);
  expect(await waitFor(engine.deps(), limited, true)).toMatchObject({ status: 'completed' });
  expect(await liveJobs(deps, limited)).toBe(1);
});

test('a request that was to be queued anyway is not waited for either', async () => {
  const deps = still();
  const limited = await limitedTenant(engine, deps, { waiting: 1, jobsInFlight: 1 });
  await accepted(deps, limited, later);
  const job = await waitFor(deps, limited, true);
  expect(job).toMatchObject({ status: 'queued', waitingFor: 'tenant_limit' });
  expect(job.awaitedUntilMs).toBeUndefined();
});

test('who knows no answer but the end’s is refused instead, and nothing is made or counted', async () => {
  const deps = still();
  const limited = await limitedTenant(engine, deps, { waiting: 1, tokensPerDay: 50_000 });
  const one = await accepted(deps, limited, later);
  const refused = { code: 'too_many_waiting_requests', reported: { status: 429 } };
  await expect(waitFor(deps, limited, false)).rejects.toMatchObject(refused);
  for (const held of [{ live: true }, { background: true, waitMs: 0, followed: true }]) {
    expect(await ask(deps, limited, held)).toBe(refused.code);
  }
  expect(await liveJobs(deps, limited)).toBe(1);
  const { tokens } = (await stored(deps, one.id)).charge ?? {};
  const day = new Date(deps.clock.nowMs()).toISOString().slice(0, 10);
  const { used } = await deps.tenantCounts.reserveTokens(limited.tenant, day, 60_000, 50_000);
  expect(used).toBe(tokens);
  await accepted(deps, limited, later);
});

test('a limit on queued jobs is told as such, also to who has to be waited for', async () => {
  const deps = still();
  const limited = await limitedTenant(engine, deps, { queuedJobs: 1, waiting: 5 });
  await accepted(deps, limited, later);
  await expect(waitFor(deps, limited, false)).rejects.toMatchObject({
    code: 'too_many_queued_jobs',
  });
});

test('each API answers as its clients understand', async () => {
  const deps = still();
  const limited = await limitedTenant(engine, deps, { waiting: 1 });
  await accepted(deps, limited, later);
  const chat = { model: short, messages: [{ role: 'user', content: 'Hello.' }] };
  const responses = { model: short, input: 'Hello.' };
  const asked = (body: unknown, headers: Record<string, string> = {}) =>
    postRequest('/', body, { ...limited, headers });
  const waitMs = 290_000;
  const refused = { code: 'too_many_waiting_requests' };

  const generate = { prompt: 'Hello.', model: short };
  expect(
    await answerGenerate(deps, asked(generate, { prefer: 'wait=60' }), waitMs, unending()),
  ).toMatchObject({
    status: 202,
    headers: { location: expect.stringContaining('/results/') },
    body: { status: 'queued' },
  });
  await expect(answerChat(deps, asked(chat), waitMs, unending())).rejects.toMatchObject(refused);
  await expect(answerResponses(deps, asked(responses), waitMs, unending())).rejects.toMatchObject(
    refused,
  );
  await expect(
    answerResponses(
      deps,
      asked({ ...responses, background: true, stream: true }),
      waitMs,
      unending(),
    ),
  ).rejects.toMatchObject(refused);
  for (const body of [chat, { ...chat, stream: true }]) {
    const preferring = asked(body, { prefer: 'respond-async, wait=60' });
    const reply = await answerChat(deps, preferring, waitMs, unending());
    expect(reply.status).toBe(202);
    // What was not granted is not said to be.
    expect(reply.headers).toMatchObject({ 'preference-applied': 'respond-async' });
  }
  const background = asked({ ...responses, background: true });
  expect(await answerResponses(deps, background, waitMs, unending())).toMatchObject({
    status: 200,
    body: { status: 'queued' },
  });
});

test('a tenant without limits is waited for, and nothing is counted for it', async () => {
  const deps = engine.deps(undefined, () => ({
    tenantCounts: {
      countRequest: () => Promise.reject(new Error('counted')),
      reserveTokens: () => Promise.reject(new Error('counted')),
      settleTokens: () => Promise.reject(new Error('counted')),
      countJob: () => Promise.reject(new Error('counted')),
      uncountJob: () => Promise.reject(new Error('counted')),
    },
  }));
  const job = await submitAndWait(deps, submission({ takesPending: true }), unending());
  expect(job.status).toBe('completed');
});
