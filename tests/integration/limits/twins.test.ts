import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { createOnRecord } from '../../../lib/generation/create-on-record.ts';
import { draftJob, newJobId } from '../../../lib/generation/submit.ts';
import { whileCharged } from '../../../lib/generation/while-charged.ts';
import { type Engine, startEngine } from '../../fixtures/engine.ts';
import { limitedSubmission, limitedTenant } from '../../fixtures/limited.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

type Fate = 'makes' | 'fails';
/** Has the request go on when it is its turn. */
type Turn = <T>(act: () => Promise<T>) => Promise<T>;

/**
 * Requests with one key, each of which is charged and then makes the job or fails. What is charged to
 * their tenant when all have ended.
 */
const play = async (fates: readonly Fate[], turn: Turn) => {
  const deps = engine.deps();
  const limits = { queuedJobs: 20, jobsInFlight: 5, tokensPerDay: 100_000 };
  const limited = await limitedTenant(engine, deps, limits);
  const submission = limitedSubmission(limited, { maxOutputTokens: 100 });
  const id = newJobId(deps, 'generate');
  const request = (fate: Fate) => {
    const draft = draftJob(deps, submission, id, { decision: 'inline', why: 'it is short' });
    return whileCharged(deps, submission, draft, (paid) =>
      turn(async () => {
        if (fate === 'makes') return createOnRecord(deps, paid, submission.stored);
        throw new Fault('upstream_unavailable', 'Nobody is there.');
      }),
    );
  };
  await Promise.allSettled(fates.map(request));
  const day = new Date(deps.clock.nowMs()).toISOString().slice(0, 10);
  const { used } = await deps.tenantCounts.reserveTokens(limited.tenant, day, 0, 100_000);
  const job = await deps.jobs.load(id, 'strong');
  const { inFlight, live = 0 } = await deps.tenantTurns.find(limited.tenant);
  return { id, job, inFlight, live, tokens: used };
};

test('requests with one key charge for the one job that one of them makes, and for none otherwise', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom<Fate>('makes', 'fails'), { minLength: 1, maxLength: 5 }),
      fc.scheduler(),
      async (fates, scheduler) => {
        const playing = play(fates, (act) => scheduler.schedule(Promise.resolve()).then(act));
        const { id, job, inFlight, live, tokens } = await scheduler.waitFor(playing);
        expect(job !== undefined).toBe(fates.includes('makes'));
        expect(inFlight).toEqual(job === undefined ? [] : [id]);
        expect([live, tokens]).toEqual(job === undefined ? [0, 0] : [1, job.charge?.tokens]);
      },
    ),
    { numRuns: 25 },
  );
});

test('one that fails after another has made the job leaves it its slot', async () => {
  const made = Promise.withResolvers<void>();
  const turns: Turn[] = [
    async (act) => {
      const outcome = await act();
      made.resolve();
      return outcome;
    },
    (act) => made.promise.then(act),
  ];
  const { id, inFlight } = await play(['makes', 'fails'], (act) => {
    const [turn = (now: typeof act) => now()] = turns.splice(0, 1);
    return turn(act);
  });
  expect(inFlight).toEqual([id]);
});
