const bounds = [256, 1_024, 4_096, 16_384] as const;

/** The bucket of requests that set no bound to their output, or none that matters. */
export const unbounded = 0;

/**
 * Requests that may put out about as much have durations in common: they are kept by the smallest of
 * a few bounds that the requested one does not exceed.
 */
export const outputBucket = (maxOutputTokens: number | undefined): number =>
  bounds.find((bound) => (maxOutputTokens ?? Number.POSITIVE_INFINITY) <= bound) ?? unbounded;
