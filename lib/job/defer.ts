import { minAttemptMs } from '../limits.ts';
import { startDeadlineError } from './failure.ts';
import type { Job } from './job.ts';
import { lastFailure } from './ledger.ts';
import { overrun } from './outside.ts';
import { after, type EpochMs, earlier } from './time.ts';
import type { Clause, JobWrite } from './write.ts';

/** Why a queued job waits, and from when on it may be worth another look. */
export type Waiting = {
  readonly for: 'circuit' | 'retry_budget';
  /** Nothing changes before. */
  readonly untilMs: EpochMs;
  /** Up to this much later, so that those who wait do not come all at once; [0, 1) of it. */
  readonly spreadMs: number;
  readonly random: number;
};

/** As it was seen in the queue, and nobody has put it off. */
const unclaimed = (job: Job, nowMs: EpochMs): Clause[] => [
  { field: 'status', is: 'queued' },
  { field: 'attempt', is: job.attempt },
  { field: 'notBeforeMs', atMost: nowMs },
];

/** A queued job goes on to another of its choices, whose attempts begin anew. */
export const fallBack = (job: Job, choice: number, nowMs: EpochMs): JobWrite => ({
  name: 'fall-back',
  id: job.id,
  when: unclaimed(job, nowMs),
  set: { choice, strikes: 0 },
  clear: [],
});

/**
 * A queued job waits for its upstream, on the due index and without a message, so that neither an
 * attempt nor the queue's receive count is spent. One that could not finish after that fails now.
 */
export const defer = (job: Job, waiting: Waiting, nowMs: EpochMs): JobWrite => {
  const latestMs = after(job.deadlineAtMs, -minAttemptMs);
  if (waiting.untilMs > latestMs) {
    return overrun(job, startDeadlineError(lastFailure(job)), nowMs);
  }
  const spread = Math.floor(waiting.spreadMs * waiting.random);
  const notBeforeMs = earlier(after(waiting.untilMs, spread), latestMs);
  return {
    name: 'defer',
    id: job.id,
    when: unclaimed(job, nowMs),
    set: { notBeforeMs, dueAtMs: notBeforeMs, waitingFor: waiting.for },
    clear: [],
  };
};
