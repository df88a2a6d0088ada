import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import type { Production } from '../wire/production.ts';
import type { Lease } from './lease.ts';
import type { Meter } from './meter.ts';
import type { Stopper } from './stop.ts';
import type { Listener, Transcript } from './transcript.ts';
import type { Witness } from './upstream-evidence.ts';

/** What an attempt came to. `superseded`: the job is somebody else's, or was ended by somebody. */
export type RunOutcome =
  | { readonly kind: 'ended'; readonly job: Job }
  | { readonly kind: 'requeued'; readonly job: Job; readonly afterMs: number }
  | { readonly kind: 'promoted'; readonly job: Job }
  | { readonly kind: 'superseded' };

export type Budget = {
  readonly via: 'inline' | 'worker';
  /** Aborts when the function has just the time left for one checkpoint and one settle. */
  readonly functionSignal: AbortSignal;
  /** When the attempt is promoted, if it has a client that waits for its end. */
  readonly waitUntilMs?: EpochMs;
  readonly listener?: Listener;
};

/** What an attempt does: at which upstream, and how. */
export type Task = {
  readonly upstream: UpstreamServer;
  readonly production: Production;
  /** The generation goes on at the upstream when its connection ends, and can be resumed. */
  readonly resumable: boolean;
  /** Another upstream is there for when this one's attempts are spent. */
  readonly hasFallback: boolean;
};

export type RunDeps = Pick<
  Deps,
  'jobs' | 'content' | 'deliveryQueue' | 'health' | 'clock' | 'ids' | 'log'
>;

/** One attempt under way. */
export type Attempt = {
  readonly via: 'inline' | 'worker';
  readonly task: Task;
  readonly lease: Lease;
  readonly transcript: Transcript;
  readonly stopper: Stopper;
  readonly witness: Witness;
  readonly meter: Meter;
};
