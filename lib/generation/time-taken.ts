import type { Duration } from '../durations/histogram.ts';
import type { AttemptRecord, Job } from '../job/job.ts';
import { type EpochMs, later } from '../job/time.ts';
import type { Deps } from '../ports.ts';
import type { Finish } from '../wire/production.ts';
import type { Lease } from './lease.ts';
import type { StopReason } from './stop.ts';

/** Who resumes a generation after a pause of more than this share of its time may find it over. */
const unwatchedShare = 0.1;

/** The attempt that began the generation of the present one. */
const beganBy = (ledger: readonly AttemptRecord[], present: AttemptRecord): AttemptRecord =>
  ledger.find(({ attempt }) => attempt === present.generation) ?? present;

/**
 * How long an inline attempt had taken when it was promoted and its generation given up, which the
 * present one repeats; that was told then.
 */
const toldBefore = (
  ledger: readonly AttemptRecord[],
  present: AttemptRecord,
): number | undefined => {
  const promoted = ledger.find(
    ({ outcome, generation, upstream, model }) =>
      outcome === 'promoted' &&
      generation === undefined &&
      upstream === present.upstream &&
      model === present.model,
  );
  return promoted?.endedAtMs === undefined ? undefined : promoted.endedAtMs - promoted.startedAtMs;
};

/** How long the generation of the job's present attempt took, if it has ended at `nowMs`. */
export const durationOf = (
  job: Pick<Job, 'ledger' | 'seenAtMs'>,
  nowMs: EpochMs,
): Duration | undefined => {
  const present = job.ledger.at(-1);
  if (present === undefined) return undefined;
  const { startedAtMs } = beganBy(job.ledger, present);
  const ms = Math.max(0, nowMs - startedAtMs);
  const before = job.ledger.at(-2);
  if (startedAtMs === present.startedAtMs || before === undefined) {
    return { ms, isWhole: true, toldBeyondMs: toldBefore(job.ledger, present) };
  }
  const leftAtMs = later(before.endedAtMs ?? before.startedAtMs, job.seenAtMs);
  const isWatched = present.startedAtMs - leftAtMs <= ms * unwatchedShare;
  return isWatched
    ? { ms, isWhole: true }
    : { ms: Math.max(0, leftAtMs - startedAtMs), isWhole: false };
};

/**
 * One that was stopped would have taken longer, but for one that goes on at the upstream: whoever
 * resumes it tells. Of a lease that ran out, as in a frozen sandbox, no time can be told.
 */
const durationOfStopped = (
  { ledger, upstreamId, leaseExpiresAtMs }: Job,
  reason: StopReason,
  nowMs: EpochMs,
): Duration | undefined => {
  const isEnd = reason === 'deadline' || reason === 'superseded';
  if ((upstreamId !== undefined && !isEnd) || leaseExpiresAtMs <= nowMs) return undefined;
  const taken = durationOf({ ledger }, nowMs);
  return taken && { ...taken, isWhole: false };
};

/** How long an attempt's generation took, told to who predicts such times; never a reason to fail. */
export type TimeTaken = {
  finished(finish: Finish): void;
  stopped(reason: StopReason | undefined): void;
  /** Resolves once what was told is written, as far as it is written now. */
  told(): Promise<void>;
};

/** What an attempt asks for, as far as durations are kept by it. */
type Use = {
  readonly upstream: { readonly name: string };
  readonly maxOutputTokens: number | undefined;
};

export const timeTaken = (
  deps: Pick<Deps, 'durations' | 'clock'>,
  { upstream, maxOutputTokens }: Use,
  lease: Pick<Lease, 'job'>,
): TimeTaken => {
  let telling: Promise<void> = Promise.resolve();
  const tell = (duration: Duration | undefined): void => {
    const { model } = lease.job.ledger.at(-1) ?? {};
    if (duration === undefined || model === undefined) return;
    telling = deps.durations.saw(upstream.name, model, { ...duration, maxOutputTokens });
  };
  return {
    finished: ({ status }) => {
      const isWhole = status === 'completed' || status === 'incomplete';
      if (isWhole) tell(durationOf(lease.job, deps.clock.nowMs()));
    },
    stopped: (reason) => {
      if (reason === undefined) return;
      tell(durationOfStopped(lease.job, reason, deps.clock.nowMs()));
    },
    told: () => telling,
  };
};
