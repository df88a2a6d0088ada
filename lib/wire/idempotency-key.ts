import { Fault } from '../errors.ts';
import { maxIdempotencyKeyChars } from '../limits.ts';

/** Visible ASCII without the comma, which would be a second header's. */
const bareKey = /^[\x21-\x2b\x2d-\x7e]+$/;
/** A string of structured headers (RFC 8941 §3.3.3; read 2026-11): printable ASCII in quotes. */
const quotedKey = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

const keyIn = (header: string): string | undefined => {
  const text = header.trim();
  const quoted = quotedKey.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/g, '$1');
  return text.startsWith('"') || !bareKey.test(text) ? undefined : text;
};

/**
 * The key of an `Idempotency-Key` header, bare or in quotes as the IETF's draft has it
 * (draft-ietf-httpapi-idempotency-key-header-07; read 2026-11): `k` and `"k"` are the same one.
 * Undefined without the header. Throws Fault `invalid_value` for any other value, and for two.
 */
export const parseIdempotencyKey = (header: string | undefined): string | undefined => {
  if (header === undefined) return undefined;
  const key = keyIn(header);
  if (key !== undefined && key.length > 0 && key.length <= maxIdempotencyKeyChars) return key;
  throw new Fault(
    'invalid_value',
    `Invalid header Idempotency-Key: send it once, as 1 to ${maxIdempotencyKeyChars} visible ASCII characters without spaces and commas, or as such a text in double quotes, where both are allowed. A random UUID for each request is a good key.`,
    { param: 'Idempotency-Key' },
  );
};
