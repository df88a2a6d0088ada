import type { Delivery } from '../callback/delivery.ts';
import { callbackEventTypes } from '../callback/event.ts';
import { isEnded, type Job } from '../job/job.ts';
import { shownStatus } from '../job/park.ts';
import { type JobTokens, type TokenCount, tokensOf } from '../job/tokens.ts';
import { deliveryObject, shownUrl } from './delivery-object.ts';
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
  /** `estimated`: counted by us, since the model server told nothing or not all of it. */
  usage:
    record.usage === undefined
      ? null
      : { ...record.usage, estimated: record.usageEstimated ?? false },
});

/** Why it was begun at once or not; the figures are null where they were not asked for. */
const admissionOf = ({ decision, why, predictedMs, observed, waitMs }: Job['admission']) => ({
  decision,
  why,
  /** What all but few generations alike take at most, and how many were seen, less the older ones. */
  predicted_ms: predictedMs ?? null,
  observed: observed ?? null,
  wait_ms: waitMs ?? null,
});

const totalOf = ({ input, output }: TokenCount): number => input + output;

/** Input and output together, as they are billed: of all attempts, and of the one the client has. */
const totals = ({ generated, delivered, estimated }: JobTokens) => ({
  generated: totalOf(generated),
  delivered: totalOf(delivered),
  estimated: totalOf(estimated),
});

/** What a job did, when, and what it cost. Times are milliseconds since the epoch. */
export const jobLedger = (job: Job, resultUrl: string, deliveries: readonly Delivery[] = []) => ({
  id: job.id,
  object: 'job',
  api: job.api,
  status: shownStatus(job),
  model: job.model,
  answered_by: isEnded(job) ? (job.answeredBy ?? null) : null,
  background: job.background ?? false,
  admission: admissionOf(job.admission),
  created_at_ms: job.createdAtMs,
  deadline_at_ms: job.deadlineAtMs,
  ended_at_ms: isEnded(job) ? job.endedAtMs : null,
  result_expires_at_ms: job.resultExpiresAtMs,
  /** From acceptance to the first attempt; null while there was none. */
  queue_wait_ms: job.ledger[0] === undefined ? null : job.ledger[0].startedAtMs - job.createdAtMs,
  not_before_ms: job.status === 'queued' ? job.notBeforeMs : null,
  /**
   * Why it waits: its upstream's `circuit` or `retry_budget`, or its tenant's `tenant_limit`. `upstream` is
   * that its generation goes on there, and is looked in on.
   */
  waiting_for: job.status === 'queued' ? (job.waitingFor ?? null) : null,
  lease:
    job.status === 'in_progress'
      ? { attempt: job.attempt, expires_at_ms: job.leaseExpiresAtMs }
      : null,
  attempts: job.ledger.map(attemptOf),
  usage: isEnded(job) ? (job.usage ?? null) : null,
  tokens: totals(tokensOf(job)),
  error: isEnded(job) && job.error !== undefined ? errorFields(job.error) : null,
  /** Where its output is, whatever its API. */
  result_url: resultUrl,
  callback:
    job.callback === undefined
      ? null
      : { url: shownUrl(job.callback.url), events: job.callback.events ?? callbackEventTypes },
  /** Who was told of its end, and how that went; empty until it is known who is to be told. */
  deliveries: deliveries.map(deliveryObject),
  retry_of: job.retryOf ?? null,
  retried_as: job.retriedAs ?? null,
});
