/** The decision, and what it was taken by: `why` is for people, the figures are there when they counted. */
export type Admission = {
  readonly decision: 'inline' | 'queued';
  readonly why: string;
  /** What all but few of those alike take at most, of so many that were seen (decayed). */
  readonly predictedMs?: number | undefined;
  readonly observed?: number | undefined;
  /** How long the reply could be held. */
  readonly waitMs?: number | undefined;
};

export type Preference = {
  /** Every piece goes to the client as it comes. */
  readonly live: boolean;
  readonly respondAsync: boolean;
  /** How long the reply may be held. */
  readonly waitMs: number;
  readonly deadlineMs: number;
};

/** What the request itself decides; undefined when that depends on how long it will take. */
export const admitByPreference = ({
  live,
  respondAsync,
  waitMs,
  deadlineMs,
}: Preference): Admission | undefined => {
  if (live) return { decision: 'inline', why: 'a live stream was asked for' };
  if (respondAsync) return { decision: 'queued', why: 'respond-async was preferred' };
  if (waitMs === 0) return { decision: 'queued', why: 'no wait was preferred' };
  return deadlineMs <= waitMs
    ? { decision: 'inline', why: 'its deadline ends before its wait', waitMs }
    : undefined;
};

type Question = {
  readonly waitMs: number;
  /** Of generations alike; undefined when too few were seen. */
  readonly expected: { readonly ms: number; readonly observed: number } | undefined;
  /** A worker would resume it at the upstream when the wait is over, rather than begin it anew. */
  readonly resumable: boolean;
  /** What becomes of those that would be begun anew and nothing is known of. */
  readonly unseen: 'inline' | 'queued';
};

/**
 * Whether a request is generated inside its own call or by a worker: inline when it can be expected to
 * end within the wait, or when not enough is known and being wrong would cost nothing.
 */
export const admitByDuration = ({ waitMs, expected, resumable, unseen }: Question): Admission => {
  if (expected !== undefined) {
    const figures = { predictedMs: expected.ms, observed: expected.observed, waitMs };
    return expected.ms <= waitMs
      ? { decision: 'inline', why: 'expected to end within the wait', ...figures }
      : { decision: 'queued', why: 'expected to outlast the wait', ...figures };
  }
  if (resumable) {
    const why = 'too few alike were seen, and it can be resumed after the wait';
    return { decision: 'inline', why, waitMs };
  }
  const why = 'too few alike were seen, and it could not be resumed after the wait';
  return { decision: unseen, why, waitMs };
};
