import fc from 'fast-check';
import { expect, it } from 'vitest';
import { excerpt } from '../../../lib/callback/excerpt.ts';

it('keeps the text of a short answer', () => {
  expect(excerpt(Buffer.from('{"ok":true, "text":"größer 語"}'))).toBe(
    '{"ok":true, "text":"größer 語"}',
  );
});

it('ends after 512 bytes, before a character that they would cut', () => {
  expect(excerpt(Buffer.from('x'.repeat(5_000)))).toBe('x'.repeat(512));
  expect(excerpt(Buffer.from(`x${'語'.repeat(200)}`))).toBe(`x${'語'.repeat(170)}`);
});

it('is one line without anything that moves a cursor, hides or turns text around', () => {
  const hostile = 'a\r\nFAKE\tline\u001b[31m\u0000\u0085\u2028\u202e\u200b\ufeffz';
  expect(excerpt(Buffer.from(hostile))).toBe('a  FAKE line [31m      z');
});

it('is printable whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
      const text = excerpt(bytes);
      return !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) && text.length <= 512;
    }),
  );
});
