import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs } from '../../../lib/job/time.ts';
import { checkResultUrl, resultUrl } from '../../../lib/wire/result-url.ts';

const key = new Uint8Array(32).fill(7);
const otherKey = new Uint8Array(32).fill(8);
const now = epochMs(1_800_000_000_000);
const tomorrow = epochMs(now + 86_400_000);
const id = 'gen_0123';

const made = (at = tomorrow, with_ = key) => {
  const url = new URL(resultUrl('https://api.test/dev', id, at, with_));
  return { url, query: Object.fromEntries(url.searchParams) };
};
const check = (query: Record<string, string>, keys = [key], at = now, of = id) =>
  checkResultUrl(of, query, keys, at);

describe('a result URL', () => {
  it('leads to the result under the base URL', () => {
    const { url } = made();
    expect(url.origin + url.pathname).toBe('https://api.test/dev/results/gen_0123');
    expect(url.searchParams.get('expires')).toBe(String(tomorrow / 1000));
  });

  it('is valid until its time and expired from then on', () => {
    const { query } = made();
    expect(check(query, [key], epochMs(tomorrow - 1))).toBe('valid');
    expect(check(query, [key], tomorrow)).toBe('expired');
  });

  it('is valid under any of the keys', () => {
    expect(check(made(tomorrow, otherKey).query, [key, otherKey])).toBe('valid');
  });

  it('is invalid under another key, under none, and for another result', () => {
    const { query } = made();
    expect(check(query, [otherKey])).toBe('invalid');
    expect(check(query, [])).toBe('invalid');
    expect(check(query, [key], now, 'gen_0124')).toBe('invalid');
  });

  it('an expired one with a wrong signature is invalid, not expired', () => {
    expect(check(made(tomorrow, otherKey).query, [key], epochMs(tomorrow + 1))).toBe('invalid');
  });

  it('other parameters do not matter', () => {
    expect(check({ ...made().query, utm_source: 'mail' })).toBe('valid');
  });

  it('a parameter that is missing or repeated is invalid', () => {
    const { expires = '', signature = '' } = made().query;
    expect(check({ expires })).toBe('invalid');
    expect(check({ signature })).toBe('invalid');
    expect(check({ expires: `${expires},${expires}`, signature })).toBe('invalid');
    expect(check({ expires, signature: `${signature},${signature}` })).toBe('invalid');
  });

  it('any change of expires or signature is invalid', () => {
    const { expires = '', signature = '' } = made().query;
    const change = (text: string) =>
      fc
        .tuple(fc.nat(text.length), fc.nat(2), fc.constantFrom(...'0123456789abcXYZ-_=+ .,\n'))
        .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut))
        .filter((changed) => changed !== text);
    fc.assert(
      fc.property(change(expires), (changed) => {
        expect(check({ expires: changed, signature })).toBe('invalid');
      }),
    );
    fc.assert(
      fc.property(change(signature), (changed) => {
        expect(check({ expires, signature: changed })).toBe('invalid');
      }),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(check({ expires: a, signature: b })).toBe('invalid');
      }),
    );
  });
});
