import { isEnded } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { AuditedItem } from '../ports/audit.ts';

/** One sweep comes each minute, and takes a moment: a job past its deadline by this was missed. */
export const missedDeadlineMs = 90_000;
/** What is due is done within a minute or two, or moved on; five mean that nobody does it. */
export const missedDueMs = 5 * 60_000;

export type OverdueJob = {
  readonly id: string;
  /** As it stands in the table; undefined where even that cannot be read. */
  readonly status: string | undefined;
  readonly dueAtMs: number | undefined;
  readonly deadlineAtMs: number | undefined;
  /** `unwatched`: it has not ended and has no due time, so that no sweep will find it. */
  readonly why: 'deadline' | 'due' | 'unwatched';
};

const liveStatuses: readonly (string | undefined)[] = ['queued', 'in_progress'];

/** What nobody has done although it was time; undefined for a job with which all is well. */
export const overdue = (item: AuditedItem, nowMs: EpochMs): OverdueJob | undefined => {
  const { id, status, deadlineAtMs, dueAtMs } = item.kind === 'job' ? item.job : item;
  const isLive = item.kind === 'job' ? !isEnded(item.job) : liveStatuses.includes(status);
  const job = { id, status, dueAtMs, deadlineAtMs };
  if (isLive && deadlineAtMs !== undefined && deadlineAtMs < nowMs - missedDeadlineMs) {
    return { ...job, why: 'deadline' };
  }
  if (dueAtMs !== undefined && dueAtMs < nowMs - missedDueMs) return { ...job, why: 'due' };
  return isLive && dueAtMs === undefined ? { ...job, why: 'unwatched' } : undefined;
};
