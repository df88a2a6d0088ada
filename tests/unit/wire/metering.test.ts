import { describe, expect, it } from 'vitest';
import { inputChars, outputChars, usageIn } from '../../../lib/wire/metering.ts';
import { parseStored } from '../../../lib/wire/stored-request.ts';

describe('the output in an event', () => {
  const chat = (delta: object) => ({ choices: [{ index: 0, delta }] });

  it.each([
    [{ type: 'response.output_text.delta', delta: 'four' }, 4],
    [{ type: 'response.function_call_arguments.delta', delta: '{"a":1}' }, 7],
    [{ type: 'response.reasoning_summary_text.delta', delta: 'why' }, 3],
    [{ type: 'response.output_audio.delta', delta: 'QUJDREVG' }, 0],
    [{ type: 'response.output_text.done', text: 'four' }, 0],
    [{ type: 'response.created', response: { output: [] } }, 0],
    [chat({ role: 'assistant', content: 'four' }), 4],
    [chat({ reasoning_content: 'why', reasoning: 'why' }), 3],
    [chat({ refusal: 'No.' }), 3],
    [chat({ tool_calls: [{ id: 'call_1', function: { name: 'f', arguments: '{}' } }] }), 3],
    [{ choices: [...chat({ content: 'a' }).choices, { index: 1, delta: { content: 'bc' } }] }, 3],
    [{ choices: [{ index: 0, delta: null }] }, 0],
    [{}, 0],
  ])('of %j is %i characters', (event, chars) => {
    expect(outputChars(event)).toBe(chars);
  });
});

describe('the usage in an event', () => {
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
  it.each([
    [{ type: 'response.failed', response: { usage } }, usage],
    [{ type: 'response.created', response: { usage: null } }, undefined],
    [{ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }, usage],
    [{ choices: [] }, undefined],
  ])('of %j is read in either protocol', (event, told) => {
    expect(usageIn(event)).toEqual(told);
  });
});

describe('what a call reads', () => {
  const text = 'x'.repeat(1_000);

  it.each([
    ['generate', { messages: [{ role: 'user', content: text }] }],
    ['chat', { model: 'm', messages: [{ role: 'user', content: text }] }],
    ['responses', { body: { model: 'm', input: text }, earlier: [] }],
    ['responses', { body: { model: 'm', input: 'x', instructions: text }, earlier: [] }],
    ['responses', { body: { model: 'm', input: 'x' }, earlier: [{ role: 'user', content: text }] }],
  ] as const)('of a %s request is about its text', (api, stored) => {
    const chars = inputChars(parseStored(api, stored));
    expect(chars).toBeGreaterThanOrEqual(1_000);
    expect(chars).toBeLessThan(1_100);
  });
});
