import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestFingerprint } from '../../../lib/wire/request-fingerprint.ts';
import { postRequest } from '../../fixtures/http-request.ts';

const of = (body: unknown, route = '/generate') => requestFingerprint(postRequest(route, body));

/** A JSON value without the name that no body may have. */
const json = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

/** The same value, the names of its objects the other way round. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, field]) => [name, reversed(field)] as const)
      .reverse(),
  );
};

/** Whether two values are the same JSON, told without writing either out. */
const isSame = (a: unknown, b: unknown): boolean => {
  try {
    expect(a).toStrictEqual(b);
    return true;
  } catch {
    return false;
  }
};

describe('the fingerprint of a request', () => {
  it('does not change with the order of names, or the spaces of the JSON', () => {
    fc.assert(
      fc.property(json, (body) => {
        expect(of(reversed(body))).toBe(of(body));
        expect(of(JSON.parse(JSON.stringify(body, null, 2)))).toBe(of(body));
      }),
    );
  });

  it('is another for any other body', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        fc.pre(!isSame(a, b));
        expect(of(a) === of(b)).toBe(false);
      }),
    );
  });

  it.each([
    [{ a: 1 }, { a: '1' }],
    [{ a: null }, {}],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: [[1], 2] }, { a: [1, [2]] }],
    [{ 'a:1,b': 1 }, { a: 1, b: 1 }],
    [{ a: 'é' }, { a: 'e\u0301' }],
    [{ a: 0.1 }, { a: 0.1000001 }],
  ])('tells %j from %j', (a, b) => {
    expect(of(a)).not.toBe(of(b));
  });

  it('is another for another route, and for another value in it', () => {
    expect(of({}, '/generate')).not.toBe(of({}, '/v1/responses'));
    const retryOf = (id: string) =>
      requestFingerprint(postRequest('/jobs/{id}/retry', undefined, { pathParameters: { id } }));
    expect(retryOf('gen_1')).toBe(retryOf('gen_1'));
    expect(retryOf('gen_1')).not.toBe(retryOf('gen_2'));
  });

  it('is the same whatever the headers say', () => {
    const plain = postRequest('/generate', { prompt: 'x' });
    const told = { ...plain, headers: { prefer: 'respond-async', 'x-deadline-ms': '5' } };
    expect(requestFingerprint(told)).toBe(requestFingerprint(plain));
  });

  it('is not taken of a body that is nested too deep to walk', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(() => of(deep)).toThrow(expect.objectContaining({ code: 'invalid_value' }));
  });
});
