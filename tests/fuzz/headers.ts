import fc from 'fast-check';
import type { Header } from './case.ts';
import { oddText } from './odd-values.ts';

const of = (name: string, ...values: readonly string[]): fc.Arbitrary<Header> =>
  fc.constantFrom(...values).map((value): Header => [name, value]);

/** Those that the API reads, with values to be honoured, ignored or refused. */
const known = fc.oneof(
  of('prefer', 'respond-async', 'wait=1', 'wait=0', 'wait=-1', 'wait=1e9', 'respond-async, wait=2'),
  of('prefer', ',;=,', '"'.repeat(900), 'wait="1', 'x,'.repeat(900), 'WAIT=1;a=b'),
  of('x-deadline-ms', '1', '60000', '0', '-5', '1e9', '86400001', 'soon', '', '１'),
  of('x-result-ttl', '60', '3600', '59', '1e99', '9999999999999999999999', '0x10', ' '),
  of('idempotency-key', 'fuzz-1', '"fuzz-1"', 'fuzz 1', '', '"', 'é', 'k'.repeat(256), 'a,b', '\\'),
  of('accept', '*/*', 'text/event-stream', 'application/xml', 'x'.repeat(2_000)),
  of('origin', 'https://evil.example', 'null', 'http://127.0.0.1'),
  of('access-control-request-headers', 'authorization', 'a'.repeat(3_000), '\t'),
  of('last-event-id', '1', '-1', 'x'),
  of('range', 'bytes=0-1', 'bytes=-'),
  of('if-none-match', '*'),
);

/** Those that speak to proxies, frameworks and parsers. */
const tricky = fc.oneof(
  of('x-forwarded-host', 'evil.example', '127.0.0.1\\@evil.example'),
  of('x-forwarded-proto', 'https', 'javascript'),
  of('x-forwarded-for', '127.0.0.1, ::1', 'x'.repeat(1_000)),
  of('x-http-method-override', 'DELETE', '__proto__'),
  of('x-amzn-trace-id', 'Root=1', 'Root=1-abc;Parent=;Sampled=?'),
  of('x-original-url', '/_local/status', '/health'),
  of('cookie', 'a=b', '__proto__=1', ';'.repeat(500)),
  of('expect', '100-continue', '200-ok'),
  of('upgrade', 'websocket', 'h2c'),
  of('te', 'trailers'),
  of('trailer', 'authorization'),
  of('connection', 'keep-alive', 'upgrade', 'authorization, content-length'),
  of('host', 'evil.example', '', '127.0.0.1:1@evil.example', '[::1', 'localhost:99999', '\u00ff'),
  of('content-encoding', 'identity', 'gzip', 'br', 'gzip, gzip', 'x'),
  of('transfer-encoding', 'identity', 'gzip, chunked', 'xchunked', ' chunked', 'chunked, chunked'),
  of('__proto__', '1'),
  of('constructor', '1'),
  of('x-big', 'v'.repeat(9_000), 'v'.repeat(20_000)),
  of('bad name', '1'),
  of('', 'empty'),
  of('x-nul', 'a\0b'),
  of('x-fold', 'a\r\n b', 'a\r\nx-injected: 1', 'a\nb', 'a\rb'),
  oddText.map((text): Header => ['x-odd', text.replaceAll(/[\r\n]/g, '')]),
  oddText.map((text): Header => ['user-agent', text.replaceAll(/[\r\n\0]/g, '')]),
);

const contentType = of(
  'content-type',
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'],
  ...['application/json; charset=utf-16', 'application/json;charset', 'application/vnd.x+json'],
  ...['', ';', 'APPLICATION/JSON', '*/*', `application/${'x'.repeat(3_000)}`, 'a/b, c/d'],
  'application/json; charset=utf-8',
);

/** What a good request has beside its key and its lengths. */
export const goodHeaders = (hasBody: boolean): readonly Header[] =>
  hasBody ? [['content-type', 'application/json']] : [];

/** The same with a few that are odd, with a hundred, or with another content type or two. */
export const oddHeaders = (hasBody: boolean): fc.Arbitrary<readonly Header[]> => {
  const some = fc.oneof({ weight: 2, arbitrary: known }, { weight: 1, arbitrary: tricky });
  const beside = fc.oneof(
    { weight: 12, arbitrary: fc.array(some, { minLength: 1, maxLength: 3 }) },
    {
      weight: 1,
      arbitrary: some.map((header) => Array.from({ length: 120 }, (): Header => header)),
    },
  );
  return fc.oneof(
    { weight: 3, arbitrary: beside.map((odd) => [...goodHeaders(hasBody), ...odd]) },
    { weight: 1, arbitrary: fc.array(contentType, { maxLength: 2 }) },
  );
};
