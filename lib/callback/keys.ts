import { after, type EpochMs, earlier } from '../job/time.ts';
import { callbackSecretOverlapMs } from '../limits.ts';

/** What signs callbacks, the newest first; the ones behind it were rotated away. */
export type CallbackKey = {
  readonly key: Uint8Array;
  readonly createdAtMs: EpochMs;
  /** From then on it signs no more. Absent on the newest. */
  readonly expiresAtMs?: EpochMs | undefined;
};

/** A header of more signatures than this helps nobody; a leaked key is not kept alive by it either. */
const maxKeys = 3;

const isInForce = ({ expiresAtMs }: CallbackKey, nowMs: EpochMs): boolean =>
  expiresAtMs === undefined || expiresAtMs > nowMs;

/** The keys with `key` in front; those in force sign along for 24 h, or as long as they still had. */
export const rotateKeys = (
  keys: readonly CallbackKey[],
  key: Uint8Array,
  nowMs: EpochMs,
): readonly CallbackKey[] => {
  const untilMs = after(nowMs, callbackSecretOverlapMs);
  const old = keys
    .filter((one) => isInForce(one, nowMs))
    .map((one) => ({ ...one, expiresAtMs: earlier(one.expiresAtMs ?? untilMs, untilMs) }));
  return [{ key, createdAtMs: nowMs }, ...old].slice(0, maxKeys);
};

/** What a callback is signed with at `nowMs`: the newest key, and those that sign along. */
export const signingWith = (keys: readonly CallbackKey[], nowMs: EpochMs): readonly Uint8Array[] =>
  keys.filter((one) => isInForce(one, nowMs)).map(({ key }) => key);
