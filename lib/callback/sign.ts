import { createHmac } from 'node:crypto';
import { Fault } from '../errors.ts';
import type { EpochSeconds } from '../job/time.ts';

/* Symmetric signatures of Standard Webhooks 1.0.0 (spec/standard-webhooks.md, read 2026-11). */

const prefix = 'whsec_';
const minKeyBytes = 24;
const maxKeyBytes = 64;
/** How many random bytes a secret of ours is made of. */
export const callbackKeyBytes = 32;

/** The text is id.timestamp.body, so a full stop in the id would let one text mean two things. */
const idFormat = /^[\w-]{1,128}$/;

export type SignatureHeaders = {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
};

export type SecretReading =
  | { readonly kind: 'key'; readonly key: Uint8Array }
  /** `why` completes a sentence about the secret and holds nothing of it. */
  | { readonly kind: 'unusable'; readonly why: string };

const whyUnusable = (keyBytes: number): string | undefined =>
  keyBytes < minKeyBytes || keyBytes > maxKeyBytes
    ? `is made of ${keyBytes} bytes, not of ${minKeyBytes} to ${maxKeyBytes}`
    : undefined;

/** The secret as its owner is shown it. Throws Fault `internal_error` unless `key` has 24 to 64 bytes. */
export const formatSecret = (key: Uint8Array): string => {
  const why = whyUnusable(key.length);
  if (why !== undefined) throw new Fault('internal_error', `The callback secret ${why}.`);
  return `${prefix}${Buffer.from(key).toString('base64')}`;
};

/** A secret as text, read strictly: verifiers disagree about any other spelling of it. */
export const parseSecret = (text: string): SecretReading => {
  if (!text.startsWith(prefix)) return { kind: 'unusable', why: `does not start with ${prefix}` };
  const encoded = text.slice(prefix.length);
  const key = Buffer.from(encoded, 'base64');
  if (key.toString('base64') !== encoded) {
    return { kind: 'unusable', why: `is not padded base64 after ${prefix}` };
  }
  const why = whyUnusable(key.length);
  return why === undefined ? { kind: 'key', key } : { kind: 'unusable', why };
};

/**
 * The three headers that go with `body`, which must be sent exactly as it is here. One signature a key,
 * in the order given: while a secret is replaced, the new key and the old one. `at` is when this very
 * attempt is sent: receivers refuse what is more than 5 minutes off. Throws Fault `internal_error` for
 * an id of other characters than letters, digits, _ and -.
 */
export const signatureHeaders = (message: {
  readonly id: string;
  readonly at: EpochSeconds;
  readonly body: string;
  readonly keys: readonly [Uint8Array, ...Uint8Array[]];
}): SignatureHeaders => {
  const { id, at, body, keys } = message;
  if (!idFormat.test(id)) throw new Fault('internal_error', 'A callback id cannot be signed.');
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key).update(`${id}.${at}.${body}`);
    return `v1,${hmac.digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signatures.join(' '),
  };
};
