declare const unit: unique symbol;

/** Milliseconds since the Unix epoch. */
export type EpochMs = number & { readonly [unit]: 'epoch-ms' };
/** Seconds since the Unix epoch: what DynamoDB's TTL and OpenAI's objects use. */
export type EpochSeconds = number & { readonly [unit]: 'epoch-s' };

export const epochMs = (value: number): EpochMs => value as EpochMs;

/** The instant `ms` milliseconds after `at`. */
export const after = (at: EpochMs, ms: number): EpochMs => epochMs(at + ms);

export const earlier = (a: EpochMs, b: EpochMs): EpochMs => (a < b ? a : b);
/** `b` where it is given, and the later. */
export const later = (a: EpochMs, b: EpochMs | undefined): EpochMs =>
  b !== undefined && b > a ? b : a;

/** The only way from milliseconds to seconds; rounds down. */
export const toEpochSeconds = (at: EpochMs): EpochSeconds => Math.floor(at / 1000) as EpochSeconds;
