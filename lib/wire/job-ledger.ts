import { isEnded, type Job } from '../job/job.ts';
import { errorFields } from './error-body.ts';

const attemptOf = (record: Job['ledger'][number]) => ({
  attempt: record.attempt,
  via: record.via,
  upstream: record.upstream,
  model: record.model,
  /** It went on with the generation of the attempt before: nothing was paid anew. */
  adopted: record.adopted ?? false,
  started_at_ms: record.startedAtMs,
  ended_at_ms: record.endedAtMs ?? null,
  outcome: record.outcome ?? null,
  error:
    record.errorCode === undefined
      ? null
      : { code: record.errorCode, message: record.errorMessage ?? null },
  usage: record.usage ?? null,
});

/** What a job did, when, and what it cost. Times are milliseconds since the epoch. */
export const jobLedger = (job: Job, resultUrl: string) => ({
  id: job.id,
  object: 'job',
  api: job.api,
  status: job.status,
  model: job.model,
  answered_by: isEnded(job) ? (job.answeredBy ?? null) : null,
  background: job.background ?? false,
  admission: job.admission,
  created_at_ms: job.createdAtMs,
  deadline_at_ms: job.deadlineAtMs,
  ended_at_ms: isEnded(job) ? job.endedAtMs : null,
  result_expires_at_ms: job.resultExpiresAtMs,
  /** From acceptance to the first attempt; null while there was none. */
  queue_wait_ms: job.ledger[0] === undefined ? null : job.ledger[0].startedAtMs - job.createdAtMs,
  not_before_ms: job.status === 'queued' ? job.notBeforeMs : null,
  lease:
    job.status === 'in_progress'
      ? { attempt: job.attempt, expires_at_ms: job.leaseExpiresAtMs }
      : null,
  attempts: job.ledger.map(attemptOf),
  usage: isEnded(job) ? (job.usage ?? null) : null,
  error: isEnded(job) && job.error !== undefined ? errorFields(job.error) : null,
  /** Where its output is, whatever its API. */
  result_url: resultUrl,
  retry_of: job.retryOf ?? null,
  retried_as: job.retriedAs ?? null,
});
