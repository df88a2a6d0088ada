import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url behind a prefix that secret scanners can look for. */
const secretFormat = /^sk-outlast-[\w-]{43}$/;

/** A new key's secret; it is shown once and kept nowhere. */
export const newApiKey = (): string => `sk-outlast-${randomBytes(32).toString('base64url')}`;

export const isApiKey = (secret: string): boolean => secretFormat.test(secret);

/** What the table knows a key by. A plain hash will do: 256 random bits cannot be guessed. */
export const hashApiKey = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/** The credential of an `Authorization: Bearer` header (RFC 6750); undefined when it is not one. */
export const parseBearer = (header: string): string | undefined =>
  /^bearer +([\w.~+/=-]{1,512})$/i.exec(header.trim())?.[1];
