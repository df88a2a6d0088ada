import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxBodyBytes } from '../../../lib/limits.ts';
import { parseJsonBody, type RawBody } from '../../../lib/wire/json-body.ts';
import { locateJsonFault } from '../../../lib/wire/json-fault.ts';

const parse = (text: string, more: Partial<RawBody> = {}) =>
  parseJsonBody({
    text,
    isBase64: false,
    contentType: 'application/json',
    contentEncoding: undefined,
    ...more,
  });
const base64 = (bytes: Buffer) => ({ text: bytes.toString('base64'), isBase64: true });
const fault = (status: number, code: string) =>
  expect.objectContaining({ reported: expect.objectContaining({ status, code }) });

describe('a JSON body', () => {
  it.each([
    undefined,
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json; charset="utf-8"; v=1',
    'application/vnd.api+json',
  ])('is read as %s', (contentType) => {
    expect(parse('{"a":1}', { contentType })).toEqual({ a: 1 });
  });

  it.each([
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json, text/plain',
    'application/json; charset=latin1',
  ])('is refused as %j with 415', (contentType) => {
    expect(() => parse('{}', { contentType })).toThrow(fault(415, 'unsupported_media_type'));
  });

  it('sent as curl does without -H is refused with the header to set', () => {
    expect(() => parse('{}', { contentType: 'application/x-www-form-urlencoded' })).toThrow(
      'Content-Type: application/json',
    );
  });

  it('that is compressed is refused with 415', () => {
    expect(() => parse('{}', { contentEncoding: 'gzip' })).toThrow(
      fault(415, 'unsupported_media_type'),
    );
  });

  it('in base64 is decoded, and a byte order mark is no fault', () => {
    expect(parse('', base64(Buffer.from('\uFEFF{"a":"é😀"}')))).toEqual({ a: 'é😀' });
    expect(parse('\uFEFF{"a":"é😀"}')).toEqual({ a: 'é😀' });
  });

  it('that is not UTF-8 is refused with 400', () => {
    expect(() => parse('', base64(Buffer.from([0x7b, 0xff, 0x7d])))).toThrow(
      fault(400, 'invalid_json'),
    );
  });

  it.each(['', ' \n '])('that is empty (%j) is refused with 400', (text) => {
    expect(() => parse(text)).toThrow(fault(400, 'invalid_json'));
  });

  it('of exactly the limit is read and one byte more is refused with 413', () => {
    const text = JSON.stringify('é'.repeat(maxBodyBytes / 2 - 1));
    expect(parse(text)).toHaveLength(maxBodyBytes / 2 - 1);
    expect(() => parse(`${text} `)).toThrow(fault(413, 'body_too_large'));
    expect(() => parse('', base64(Buffer.alloc(maxBodyBytes + 1)))).toThrow(
      fault(413, 'body_too_large'),
    );
  });

  it.each([
    ["{'a': 1}", `unexpected "'" at line 1, column 2`],
    ['{"a": 1,\n "b" 2}', 'unexpected "2" at line 2, column 6'],
    ['{"a": 1,}', 'unexpected "}" at line 1, column 9'],
    ['[1, 2', 'it ends too early at line 1, column 6'],
    ['{"a": "x\ny"}', 'unexpected "\\n" at line 1, column 9'],
    ['{"a": "\\x"}', 'unexpected "\\\\" at line 1, column 8'],
    ['{} x', 'unexpected "x" at line 1, column 4'],
    ['hello', 'unexpected "h" at line 1, column 1'],
    ['😀', 'unexpected "😀" at line 1, column 1'],
  ])('%j is refused with the place: %s', (text, place) => {
    expect(() => parse(text)).toThrow(place);
  });
});

describe('the place of a JSON fault', () => {
  const token = fc.constantFrom(
    ...'{}[]:,"\\10.-+e',
    'true',
    'null',
    'nul',
    '"a"',
    '"\\u00e9"',
    ' ',
    '\n',
    '\u0001',
    'é',
  );
  const texts = fc.oneof(
    fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join('')),
    fc.tuple(fc.json(), fc.nat(), token).map(([json, at, put]) => {
      const cut = at % (json.length + 1);
      return json.slice(0, cut) + put + json.slice(cut);
    }),
    fc.tuple(fc.json(), fc.nat()).map(([json, at]) => json.slice(0, at % (json.length + 1))),
  );

  it('is found in exactly the texts that JSON.parse refuses', () => {
    fc.assert(
      fc.property(texts, (text) => {
        let accepted = true;
        try {
          JSON.parse(text);
        } catch {
          accepted = false;
        }
        expect(locateJsonFault(text) === undefined).toBe(accepted);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['deep nesting', '['.repeat(maxBodyBytes)],
    ['a long string', `"${'a'.repeat(maxBodyBytes)}`],
    ['many lines', `${'\n'.repeat(maxBodyBytes)}x`],
    ['many escapes', `"${'\\n'.repeat(maxBodyBytes / 2)}`],
  ])('is found in linear time: %s', (_, text) => {
    expect(locateJsonFault(text)).toBeDefined();
  });
});
