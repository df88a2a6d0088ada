import { describe, expect, it } from 'vitest';
import { estimatedTokens, jsonChars } from '../../../lib/job/token-estimate.ts';

describe('an estimate', () => {
  it.each([
    [0, 0],
    [1, 1],
    [4, 1],
    [5, 2],
    [400, 100],
  ])('of %i characters is %i tokens', (chars, tokens) => {
    expect(estimatedTokens(chars)).toBe(tokens);
  });

  it('counts the names and the punctuation around a text', () => {
    const said = 'x'.repeat(400);
    expect(jsonChars([{ role: 'user', content: said }])).toBe(
      400 + '[{"role":"user","content":""}]'.length,
    );
    expect(jsonChars(undefined)).toBe(2);
  });

  it('leaves out images and files, whose size says nothing of their tokens', () => {
    const base64 = 'QUJD'.repeat(100_000);
    const withFiles = [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${base64}` } },
      { type: 'input_audio', input_audio: { data: base64, format: 'wav' } },
      { type: 'input_file', file_data: base64 },
    ];
    expect(jsonChars(withFiles)).toBeLessThan(300);
    expect(jsonChars({ data: 'a word in a field of that name' })).toBeGreaterThan(30);
  });
});
