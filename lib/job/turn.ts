import { resendFirstMs } from '../limits.ts';
import type { Job } from './job.ts';
import { isParked } from './park.ts';
import { after, type EpochMs } from './time.ts';
import { dueBy } from './transition.ts';
import { awaitsTurn, turnKey } from './turn-key.ts';
import type { Clause, JobWrite } from './write.ts';

/*
 * Jobs of a tenant with a limit on how many may be in flight. One that has its turn has, or will have,
 * a message or an attempt, and holds one of the tenant's slots; one that waits has neither. `turn` says
 * which, and is the key of a sparse index: who waits is found there, oldest first.
 */

/**
 * Whether it holds a slot of its tenant for good reason: it runs, be it without a worker, or its
 * message may come at any moment. One that waits out a pause first does not: it asks for a slot again when its message comes.
 */
export const needsSlot = (job: Job, nowMs: EpochMs): boolean => {
  if (job.status === 'in_progress') return true;
  if (job.status !== 'queued' || awaitsTurn(job)) return false;
  return job.notBeforeMs <= nowMs || isParked(job);
};

/** Nothing is due of it but its deadline: it is sent for when a slot is free. */
export const waitForTurn = (job: Job): JobWrite => ({
  name: 'wait-for-turn',
  id: job.id,
  when: [
    { field: 'status', is: 'queued' },
    { field: 'attempt', is: job.attempt },
    { field: 'epoch', is: job.epoch },
  ],
  set: {
    turn: turnKey(job.tenant, 'waiting'),
    waitingFor: 'tenant_limit',
    dueAtMs: job.deadlineAtMs,
  },
  clear: [],
});

const stillWaits = (job: Job): Clause => ({ field: 'turn', is: turnKey(job.tenant, 'waiting') });

/** Its turn has come: a message follows, and the sweep sees to it that one does. */
export const giveTurn = (job: Job, nowMs: EpochMs): JobWrite => ({
  name: 'give-turn',
  id: job.id,
  when: [{ field: 'status', is: 'queued' }, stillWaits(job)],
  set: {
    turn: turnKey(job.tenant, 'live'),
    epoch: job.epoch + 1,
    ...dueBy(job, after(nowMs, resendFirstMs)),
  },
  clear: ['waitingFor'],
});

/** It waits no more, although nobody gave it its turn: a worker that knows of no turns took it. */
export const leaveLine = (job: Job): JobWrite => ({
  name: 'leave-line',
  id: job.id,
  when: [{ field: 'status', is: job.status }, stillWaits(job)],
  set: job.status === 'in_progress' ? { turn: turnKey(job.tenant, 'live') } : {},
  clear: job.status === 'in_progress' ? [] : ['turn'],
});
