import { createHmac, timingSafeEqual } from 'node:crypto';
import { type EpochMs, toEpochSeconds } from '../job/time.ts';

/** The text of a signature: 32 bytes in base64url. Compared as text, so that each has one spelling. */
const signatureFormat = /^[\w-]{43}$/;
/** Digits without a leading zero, exactly representable. */
const expiresFormat = /^[1-9]\d{0,14}$/;

/** The first line keeps this signature from being one for anything else; later forms count up. */
const sign = (id: string, expires: string, key: Uint8Array): string =>
  createHmac('sha256', key).update(`outlast.result-url.v1\n${id}\n${expires}`).digest('base64url');

/**
 * The capability to read one result until `expiresAtMs` (rounded down to a second). `baseUrl` has no
 * trailing slash.
 */
export const resultUrl = (
  baseUrl: string,
  id: string,
  expiresAtMs: EpochMs,
  key: Uint8Array,
): string => {
  const expires = String(toEpochSeconds(expiresAtMs));
  return `${baseUrl}/results/${id}?expires=${expires}&signature=${sign(id, expires, key)}`;
};

/**
 * Whether a result URL was made with one of `keys` and still holds at `nowMs`. Only who has a genuine
 * signature learns that it has expired. The time taken tells nothing of the signature or the key.
 */
export const checkResultUrl = (
  id: string,
  query: Readonly<Record<string, string>>,
  keys: readonly Uint8Array[],
  nowMs: EpochMs,
): 'valid' | 'expired' | 'invalid' => {
  const { expires = '', signature = '' } = query;
  if (!expiresFormat.test(expires) || !signatureFormat.test(signature)) return 'invalid';
  const given = Buffer.from(signature);
  const matches = keys.map((key) => timingSafeEqual(given, Buffer.from(sign(id, expires, key))));
  if (!matches.includes(true)) return 'invalid';
  return nowMs < Number(expires) * 1000 ? 'valid' : 'expired';
};
