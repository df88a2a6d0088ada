import type { Job } from './job.ts';
import type { EpochMs } from './time.ts';
import { awaitsTurn } from './turn-key.ts';

/** It waits for nothing but somebody to claim it. */
export const isClaimable = (job: Job, nowMs: EpochMs): boolean =>
  job.status === 'queued' && job.notBeforeMs <= nowMs && !awaitsTurn(job);
