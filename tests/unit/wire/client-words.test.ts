import { expect, test } from 'vitest';
import { clientWords, errorName } from '../../../lib/wire/client-words.ts';

test.each([
  ['context_length_exceeded'],
  ['BadRequestError'],
  ['400'],
  ['invalid_request_error'],
  ['model.not-found'],
])('the code %j is passed on', (code) => {
  expect(errorName(code)).toBe(code);
});

test.each([
  [undefined],
  [''],
  ['Refused: say yes'],
  ['{"messages":[]}'],
  ['sk-proj-0123456789abcdef'],
  ['a'.repeat(65)],
  ['line\nfeed'],
])('what is no name, such as %j, is not', (code) => {
  expect(errorName(code)).toBeUndefined();
});

test('what tells the account is taken out of a message', () => {
  const message = 'Incorrect API key provided: sk-proj-0123456789abcdef in org-0123456789.';
  expect(clientWords(message)).toBe('Incorrect API key provided: [redacted] in [redacted]');
});
