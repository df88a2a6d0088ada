import { promisify } from 'node:util';
import { crc32, gunzip, gzip } from 'node:zlib';
import { Fault } from '../errors.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/**
 * What takes a write unit of DynamoDB however small it is, keys and other attributes included: a unit is
 * 1 KB (DynamoDB Developer Guide, "Read/write capacity mode"; read 2026-11).
 */
const maxStoredBytes = 768;

/** RFC 1952: no name, no time, of an unknown system. */
const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
const blockHeadBytes = 5;
const tailBytes = 8;

/**
 * The bytes as a gzip member that holds them as they are, in one stored block (RFC 1951, 3.2.4). To set
 * up a compressor costs more than everything else that is done with a small text, and gains nothing.
 */
const stored = (bytes: Buffer): Uint8Array => {
  const out = Buffer.allocUnsafe(head.length + blockHeadBytes + bytes.length + tailBytes);
  out.set(head);
  let at = out.writeUInt8(1, head.length);
  at = out.writeUInt16LE(bytes.length, at);
  at = out.writeUInt16LE(~bytes.length & 0xffff, at);
  at += bytes.copy(out, at);
  at = out.writeUInt32LE(crc32(bytes), at);
  out.writeUInt32LE(bytes.length, at);
  return out;
};

/** JSON as gzip; the same value gives the same bytes. */
export const pack = async (value: unknown): Promise<Uint8Array> => {
  const bytes = Buffer.from(JSON.stringify(value));
  return bytes.length <= maxStoredBytes ? stored(bytes) : compress(bytes);
};

/** Throws Fault `item_unreadable` when the bytes are not what `pack` made. */
export const unpack = async (bytes: Uint8Array): Promise<unknown> => {
  try {
    return JSON.parse((await expand(bytes)).toString('utf8'));
  } catch (cause) {
    throw new Fault('item_unreadable', 'Stored content cannot be read.', { cause });
  }
};
