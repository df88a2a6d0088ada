import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesModel } from '../../../lib/wire/model-pattern.ts';

for (const [pattern, model, expected] of [
  ['gpt-5', 'gpt-5', true],
  ['gpt-5', 'gpt-5-mini', false],
  ['gpt-*', 'gpt-5-mini', true],
  ['gpt-*', 'gpt-', true],
  ['gpt-*', 'xgpt-5', false],
  ['*', '', true],
  ['*/llama*', 'meta/llama-3', true],
  ['*-mini', 'gpt-5-mini', true],
  ['a*a', 'a', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*bc*c', 'abc', false],
  ['gpt.5', 'gpt-5', false],
  ['GPT*', 'gpt-5', false],
] as const) {
  test(`${pattern} ${expected ? 'stands' : 'does not stand'} for ${model}`, () => {
    expect(matchesModel(pattern, model)).toBe(expected);
  });
}

test('a star is any run of characters', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (pattern, model) => {
      const parts = pattern.split('*').map((part) => part.replaceAll('.', '\\.'));
      expect(matchesModel(pattern, model)).toBe(new RegExp(`^${parts.join('.*')}$`).test(model));
    }),
    { numRuns: 2_000 },
  );
});

test('a pattern of many stars takes no time', () => {
  expect(matchesModel(`${'*a'.repeat(120)}b`, 'a'.repeat(100_000))).toBe(false);
});
