import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import { after } from '../job/time.ts';
import { idempotencyKeyTtlMs } from '../limits.ts';
import type { KeyRecord } from '../ports/idempotency-keys.ts';
import type { Deps } from '../ports.ts';
import { patienceMs, pausesMs } from './accept.ts';
import { mustHaveAnswer } from './answer-gone.ts';
import { persist } from './fenced-write.ts';
import type { Accepted, RequestKey, Submission } from './submit.ts';

type KeyDeps = Pick<Deps, 'idempotencyKeys' | 'jobs' | 'clock'>;

const mustMatch = (record: KeyRecord, key: RequestKey): void => {
  if (record.fingerprint === key.fingerprint) return;
  throw new Fault(
    'idempotency_key_reused',
    'This Idempotency-Key was sent before with another route or body. Repeat that request unchanged, or send this one with a key of its own.',
    { param: 'Idempotency-Key' },
  );
};

/**
 * The job that a key stands for; undefined when it stands for none, or for one that was not made yet.
 * Throws Faults `idempotency_key_reused` when it was sent with another request, `result_expired`, and
 * those of the store.
 */
export const findByKey = async (
  deps: KeyDeps,
  tenant: string,
  key: RequestKey,
): Promise<Job | undefined> => {
  const record = await deps.idempotencyKeys.find(tenant, key.keyHash, deps.clock.nowMs());
  if (record === undefined) return undefined;
  mustMatch(record, key);
  const job = await deps.jobs.load(record.jobId, 'strong');
  if (job === undefined) return undefined;
  key.onReplay();
  return mustHaveAnswer(deps, job);
};

/**
 * Takes the key for a job with the id `jobId`: the record that is then in force, which may be an
 * earlier one of the same request. Throws as `findByKey` does.
 */
export const reserveKey = async (
  deps: KeyDeps,
  tenant: string,
  key: RequestKey,
  jobId: string,
): Promise<KeyRecord> => {
  const nowMs = deps.clock.nowMs();
  const { keyHash, fingerprint } = key;
  const own = { jobId, fingerprint, expiresAtMs: after(nowMs, idempotencyKeyTtlMs) };
  const record = await persist(
    deps,
    () => deps.idempotencyKeys.reserve(tenant, keyHash, own, nowMs),
    pausesMs,
    after(nowMs, patienceMs),
  );
  mustMatch(record, key);
  return record;
};

/** The draft as the job that the key stands for. */
export const underKey = (
  draft: Accepted,
  { keyHash }: RequestKey,
  { expiresAtMs }: KeyRecord,
  { stored }: Submission,
): Accepted => {
  const streams = stored.api === 'chat' && stored.request.stream;
  const idempotency = { keyHash, expiresAtMs, ...(streams ? { streamed: true } : {}) };
  return { ...draft, job: { ...draft.job, idempotency } };
};
