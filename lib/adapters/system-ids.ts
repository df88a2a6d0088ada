import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import type { Ids } from '../ports/system.ts';

/** Ids are UUIDs of version 7 (RFC 9562) without dashes: 48 bits of time, then 74 of chance. */
export const systemIds = (): Ids => ({
  next: () => v7().replaceAll('-', ''),
  nonce: () => randomBytes(16).toString('hex'),
  secretBytes: (count) => randomBytes(count),
  random: () => Math.random(),
});
