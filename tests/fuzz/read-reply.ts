import type { Raw } from '../fixtures/hostile-client.ts';

/** The bytes of a chunked body, and whether its end is there. */
const unchunked = (bytes: Buffer): { text: string; ended: boolean } => {
  let text = '';
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { text, ended: false };
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (length === 0) return { text, ended: bytes.length >= start + 2 };
    if (!(length > 0) || bytes.length < start + length + 2) return { text, ended: false };
    text += bytes.toString('utf8', start, start + length);
    at = start + length + 2;
  }
};

const headersIn = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );

/**
 * The first final reply in what came back, once it is whole: interim ones (1xx) are passed over.
 * A reply whose length is not told is whole when the connection is closed.
 */
export const readReply = (bytes: Buffer, isHead: boolean, closed: boolean): Raw | undefined => {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0);
  const rest = bytes.subarray(headEnd + 4);
  if (status >= 100 && status < 200) return readReply(rest, isHead, closed);
  const headers = headersIn(lines);
  if (isHead || status === 204 || status === 304) return { status, headers, text: '' };
  if (headers['transfer-encoding'] === 'chunked') {
    const { text, ended } = unchunked(rest);
    return ended ? { status, headers, text } : undefined;
  }
  const length = headers['content-length'];
  if (length === undefined) {
    // Bytes that nobody announced were taken for a second request, and refused as one.
    const [text = ''] = rest.toString('utf8').split(/HTTP\/1\.1 400 /);
    return closed ? { status, headers, text } : undefined;
  }
  if (rest.length < Number(length)) return undefined;
  return { status, headers, text: rest.toString('utf8', 0, Number(length)) };
};
