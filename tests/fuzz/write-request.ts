import { gzipSync } from 'node:zlib';
import { type Body, type Framing, type FuzzCase, type Name, names } from './case.ts';

/** What each name stands for just now. */
export type Names = Readonly<Record<Name, string>>;

const name = new RegExp(`\\$(${names.join('|')})\\$`, 'g');

/** A text with every `$name$` filled in. */
export const filled = (text: string, known: Names): string =>
  text.replace(name, (_, found: Name) => known[found]);

const contentOf = ({ content }: Body, known: Names): Buffer => {
  switch (content.kind) {
    case 'text':
      return Buffer.from(filled(content.text, known));
    case 'bytes':
      return Buffer.from(content.hex, 'hex');
    case 'nested':
      return Buffer.from(
        content.open.repeat(content.levels) + content.close.repeat(content.levels),
      );
    case 'repeated':
      return Buffer.from(content.unit.repeat(content.times));
  }
};

const encoded = (bytes: Buffer, encoding: Body['encoding']): Buffer => {
  switch (encoding) {
    case 'utf8':
      return bytes;
    case 'utf8-bom':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    case 'utf16':
      return Buffer.from(bytes.toString('utf8'), 'utf16le');
    case 'latin1':
      return Buffer.from(bytes.toString('utf8'), 'latin1');
    case 'gzip':
      return gzipSync(bytes);
    case 'base64':
      return Buffer.from(bytes.toString('base64'));
  }
};

/** The bytes of a body as they are sent, without their framing. */
export const bodyBytes = (body: Body, known: Names): Buffer => {
  const bytes = encoded(contentOf(body, known), body.encoding);
  return bytes.subarray(0, Math.ceil(bytes.length * body.share));
};

const chunk = (bytes: Buffer, length = bytes.length.toString(16)): Buffer =>
  Buffer.concat([Buffer.from(`${length}\r\n`), bytes, Buffer.from('\r\n')]);

const chunked = (bytes: Buffer): Buffer => {
  const half = Math.floor(bytes.length / 2);
  const pieces = [bytes.subarray(0, half), bytes.subarray(half)].filter(({ length }) => length > 0);
  return Buffer.concat([...pieces.map((piece) => chunk(piece)), Buffer.from('0\r\n\r\n')]);
};

const lengths = (...values: readonly (string | number)[]): string[] =>
  values.map((value) => `content-length: ${value}`);

const framed = (bytes: Buffer, framing: Framing): { lines: readonly string[]; bytes: Buffer } => {
  const { length } = bytes;
  const inChunks = 'transfer-encoding: chunked';
  switch (framing) {
    case 'length':
      return { lines: lengths(length), bytes };
    case 'chunked':
      return { lines: [inChunks], bytes: chunked(bytes) };
    case 'none':
      return { lines: [], bytes };
    case 'short':
      return { lines: lengths(length + 10), bytes };
    case 'surplus':
      return { lines: lengths(Math.max(0, length - 10)), bytes };
    case 'endless':
      return { lines: lengths('99999999999999'), bytes };
    case 'two lengths':
      return { lines: lengths(length, length + 1), bytes };
    case 'length and chunked':
      return { lines: [...lengths(length), inChunks], bytes: chunked(bytes) };
    case 'bad chunk':
      return { lines: [inChunks], bytes: chunk(bytes, 'fffffffffffffffff') };
    case 'no number':
      return { lines: lengths('0x10'), bytes };
    case 'negative':
      return { lines: lengths(-1), bytes };
  }
};

/**
 * A request as it goes over the wire. Characters up to U+00FF are single bytes in the head, others
 * UTF-8. The client says that it will not ask again on this connection.
 */
export const writeRequest = (
  { method, target, version, headers, body, framing }: FuzzCase,
  { host, authorization, known }: { host: string; authorization: string | undefined; known: Names },
): Buffer => {
  const content = body === undefined ? undefined : framed(bodyBytes(body, known), framing);
  const own = headers.some(([header]) => header === 'host') ? [] : [`host: ${host}`];
  const lines = [
    `${method} ${filled(target, known)} ${version}`,
    ...own,
    'connection: close',
    ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
    ...headers.map(([header, value]) => `${header}: ${value}`),
    ...(content?.lines ?? []),
  ];
  const head = `${lines.join('\r\n')}\r\n\r\n`;
  const isBytes = [...head].every((character) => character <= '\u00ff');
  return Buffer.concat([
    Buffer.from(head, isBytes ? 'latin1' : 'utf8'),
    content?.bytes ?? Buffer.alloc(0),
  ]);
};
