import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { Deps, UpstreamEvent } from '../ports.ts';
import type { Lease } from './lease.ts';
import type { Stopper } from './stop.ts';
import type { Transcript } from './transcript.ts';

/** What an attempt came to. `superseded`: the job is somebody else's, or was ended by somebody. */
export type RunOutcome =
  | { readonly kind: 'ended'; readonly job: Job }
  | { readonly kind: 'requeued'; readonly job: Job; readonly afterMs: number }
  | { readonly kind: 'promoted'; readonly job: Job }
  | { readonly kind: 'superseded' };

export type Budget = {
  /** Aborts when the function has just the time left for one checkpoint and one settle. */
  readonly functionSignal: AbortSignal;
  /** Set for an inline attempt: when it is promoted. */
  readonly waitUntilMs?: EpochMs;
};

export type RunDeps = Pick<Deps, 'jobs' | 'content' | 'upstream' | 'clock' | 'ids' | 'log'>;

export type Finish = {
  readonly model: string;
  readonly event: Extract<UpstreamEvent, { kind: 'finished' }>;
};

/** One attempt under way. */
export type Attempt = {
  readonly via: 'inline' | 'worker';
  readonly lease: Lease;
  readonly transcript: Transcript;
  readonly stopper: Stopper;
};
