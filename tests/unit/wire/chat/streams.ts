import type { JsonObject } from '../../../../lib/wire/production.ts';

const head = {
  id: 'chatcmpl-upstream',
  object: 'chat.completion.chunk',
  created: 1_767_225_600,
  model: 'gpt-5-mini-2026-01-01',
  service_tier: 'default',
  system_fingerprint: 'fp_1',
};

const chunk = (choice: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...head,
  choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: null, ...choice }],
  usage: null,
  ...more,
});
const says = (delta: JsonObject, index = 0): JsonObject => chunk({ index, delta });
const ends = (finish_reason: string, index = 0): JsonObject => chunk({ index, finish_reason });
const token = (text: string) => ({ token: text, logprob: -0.1, bytes: null, top_logprobs: [] });

export const usageChunk: JsonObject = {
  ...head,
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
};

const toolCall = (index: number, fields: JsonObject): JsonObject =>
  says({ tool_calls: [{ index, ...fields }] });

/** Streams in the shapes that OpenAI sends them, by what is in them. */
export const streams: Readonly<Record<string, readonly JsonObject[]>> = {
  text: [
    says({ role: 'assistant', content: '', refusal: null }),
    says({ content: 'Grüße' }),
    says({ content: ', 世界 👩‍🚀' }),
    ends('stop'),
    usageChunk,
  ],
  'two tool calls': [
    says({ role: 'assistant', content: null }),
    toolCall(0, { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }),
    toolCall(0, { function: { arguments: '{"city":' } }),
    toolCall(0, { function: { arguments: '"Oslo"}' } }),
    toolCall(1, { id: 'call_b', type: 'function', function: { name: 'time', arguments: '' } }),
    toolCall(1, { function: { arguments: '{}' } }),
    ends('tool_calls'),
    usageChunk,
  ],
  'two choices, interleaved': [
    says({ role: 'assistant', content: '' }, 1),
    says({ role: 'assistant', content: '' }, 0),
    says({ content: 'b1' }, 1),
    says({ content: 'a1' }, 0),
    ends('length', 1),
    says({ content: 'a2' }, 0),
    ends('stop', 0),
  ],
  logprobs: [
    says({ role: 'assistant', content: '' }),
    chunk({ delta: { content: 'Hi' }, logprobs: { content: [token('Hi')], refusal: null } }),
    chunk({ delta: { content: '!' }, logprobs: { content: [token('!')], refusal: null } }),
    ends('stop'),
  ],
  'a refusal': [
    says({ role: 'assistant', content: null, refusal: '' }),
    says({ refusal: 'I cannot ' }),
    says({ refusal: 'help.' }),
    ends('stop'),
  ],
};
