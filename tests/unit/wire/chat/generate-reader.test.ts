import { describe, expect, it } from 'vitest';
import { generateReader } from '../../../../lib/wire/chat/generate-reader.ts';
import type { JsonObject } from '../../../../lib/wire/production.ts';
import { streams } from './streams.ts';

const read = (chunks: readonly JsonObject[]) => {
  const reader = generateReader('asked-for');
  const entries = chunks.flatMap((chunk) => reader.read(chunk).entries);
  return { entries, finish: reader.end() };
};

describe('a generation read from a chat upstream', () => {
  it('has the text deltas as entries and the whole text at the end', () => {
    const { entries, finish } = read(streams['text'] ?? []);
    expect(entries).toEqual(['Grüße', ', 世界 👩‍🚀']);
    expect(finish).toEqual({
      status: 'completed',
      final: {
        text: 'Grüße, 世界 👩‍🚀',
        model: 'gpt-5-mini-2026-01-01',
        finishReason: 'stop',
      },
      usage: { input_tokens: 7, output_tokens: 5, total_tokens: 12 },
      model: 'gpt-5-mini-2026-01-01',
      error: undefined,
    });
  });

  it('takes a refusal for text, since it is what the model says', () => {
    expect(read(streams['a refusal'] ?? []).finish?.final).toMatchObject({
      text: 'I cannot help.',
    });
  });

  it('leaves reasoning and tool calls out', () => {
    const { entries, finish } = read([
      { choices: [{ index: 0, delta: { reasoning_content: 'Hm.', content: null } }] },
      { choices: [{ index: 0, delta: { content: [{ type: 'thinking', thinking: [] }] } }] },
      { choices: [{ index: 0, delta: { content: [{ type: 'text', text: 'Four.' }] } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] },
    ]);
    expect(entries).toEqual(['Four.']);
    expect(finish).toMatchObject({
      status: 'incomplete',
      model: 'asked-for',
      final: { text: 'Four.', finishReason: 'length' },
    });
  });

  it('has not ended before its finish reason', () => {
    expect(read((streams['text'] ?? []).slice(0, 3)).finish).toBeUndefined();
  });
});
