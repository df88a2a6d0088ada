import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import type { JsonObject, Production } from '../wire/production.ts';
import type { Contact } from './contact.ts';
import type { Lease } from './lease.ts';
import type { Meter } from './meter.ts';
import type { Stopper } from './stop.ts';
import type { TimeTaken } from './time-taken.ts';
import type { Listener, Transcript } from './transcript.ts';
import type { Witness } from './upstream-evidence.ts';

/** What an attempt came to. `superseded`: the job is somebody else's, or was ended by somebody. */
export type RunOutcome =
  | { readonly kind: 'ended'; readonly job: Job }
  | { readonly kind: 'requeued'; readonly job: Job; readonly afterMs: number }
  | { readonly kind: 'promoted'; readonly job: Job }
  | { readonly kind: 'parked'; readonly job: Job }
  | { readonly kind: 'superseded' };

export type Budget = {
  readonly via: 'inline' | 'worker';
  /** Aborts when the function has just the time left for one checkpoint and one settle. */
  readonly functionSignal: AbortSignal;
  /** When the attempt is promoted, if it has a client that waits for its end. */
  readonly waitUntilMs?: EpochMs;
  readonly listener?: Listener;
};

/** A call for a generation that went out while its job was still being recorded. */
export type BegunCall = {
  /** Its events from the first on; undefined when they were taken or the call was dropped. */
  take(signal: AbortSignal): AsyncIterable<JsonObject> | undefined;
  /** Stops it if nobody has taken it. Never throws. */
  drop(): Promise<void>;
};

/** What an attempt does: at which upstream, and how. */
export type Task = {
  readonly upstream: UpstreamServer;
  readonly production: Production;
  /** The generation goes on at the upstream when its connection ends, and can be resumed. */
  readonly resumable: boolean;
  /** Another upstream is there for when this one's attempts are spent. */
  readonly hasFallback: boolean;
  /** What goes on at the upstream is to be given up, and begun anew. */
  readonly isStale?: true;
  /** What its request bounds its output to. */
  readonly maxOutputTokens: number | undefined;
  /** The attempt's first call, should it have gone out before the attempt began. */
  readonly begun?: BegunCall;
};

/** How long nobody has to wait for a generation before it is parked; without it none ever is. */
export type Parking = { readonly parkAfterMs?: number | undefined };

export type RunDeps = Parking &
  Pick<
    Deps,
    'jobs' | 'content' | 'deliveryQueue' | 'health' | 'durations' | 'clock' | 'ids' | 'log'
  >;

/** One attempt under way. */
export type Attempt = {
  readonly via: 'inline' | 'worker';
  readonly task: Task;
  readonly lease: Lease;
  readonly transcript: Transcript;
  readonly stopper: Stopper;
  readonly witness: Witness;
  readonly timeTaken: TimeTaken;
  readonly meter: Meter;
  readonly contact: Contact;
};
