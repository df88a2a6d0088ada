import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../lib/errors.ts';
import { epochMs, toEpochSeconds } from '../../../../lib/job/time.ts';
import { chatReader } from '../../../../lib/wire/chat/chat-reader.ts';
import { chatFrame } from '../../../../lib/wire/chat/frame.ts';
import type { JsonObject } from '../../../../lib/wire/production.ts';
import { streams, usageChunk } from './streams.ts';

const defaults = {
  id: 'chatcmpl_ours',
  model: 'asked-for',
  createdAt: toEpochSeconds(epochMs(1_700_000_000_000)),
};

const read = (chunks: readonly JsonObject[], includeUsage = false) => {
  const reader = chatReader({ ...defaults, includeUsage });
  const readings = chunks.map((chunk) => reader.read(chunk));
  return { entries: readings.flatMap(({ entries }) => entries), finish: reader.end(), readings };
};

const choice = (fields: JsonObject): JsonObject => ({ choices: [{ index: 0, ...fields }] });

/** What the official client makes of the same stream. */
const officialCompletion = (entries: readonly string[]) =>
  ChatCompletionStream.fromReadableStream(
    new ReadableStream({
      start(controller) {
        for (const entry of entries) controller.enqueue(new TextEncoder().encode(`${entry}\n`));
        controller.close();
      },
    }),
  ).finalChatCompletion();

describe('the final completion', () => {
  it.each(Object.keys(streams))('%s is put together as the official client does', async (name) => {
    const { entries, finish } = read(streams[name] ?? [], true);
    const official = await officialCompletion(entries);
    expect(finish?.final).toMatchObject(JSON.parse(JSON.stringify(dropParsed(official))));
  });

  it('several tool calls keep their order, and lose the index that only streams have', () => {
    const { finish } = read(streams['two tool calls'] ?? []);
    expect(finish?.final).toMatchObject({
      id: 'chatcmpl_ours',
      object: 'chat.completion',
      choices: [
        {
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [
              {
                id: 'call_a',
                type: 'function',
                function: { name: 'weather', arguments: '{"city":"Oslo"}' },
              },
              { id: 'call_b', type: 'function', function: { name: 'time', arguments: '{}' } },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
    expect(JSON.stringify(finish?.final)).not.toContain('"tool_calls":[{"index"');
  });

  it('reasoning and unknown texts are joined, other unknown fields are the last one', () => {
    const { finish } = read([
      choice({ delta: { role: 'assistant', reasoning_content: 'Let me ', mood: 1 } }),
      choice({ delta: { reasoning_content: 'think.', mood: 2, aside: { note: 'x' } } }),
      choice({ delta: { content: 'Four.', aside: { note: 'y' } }, stop_reason: 42 }),
      { ...choice({ delta: {}, finish_reason: 'stop' }), citations: ['https://example.com'] },
    ]);
    expect(finish?.final).toMatchObject({
      citations: ['https://example.com'],
      choices: [
        {
          stop_reason: 42,
          message: {
            content: 'Four.',
            reasoning_content: 'Let me think.',
            mood: 2,
            aside: { note: 'xy' },
          },
        },
      ],
    });
  });

  it('content in parts stays in parts, the pieces of one part joined', () => {
    const thinking = (text: string) => ({ type: 'thinking', thinking: [{ type: 'text', text }] });
    const { finish } = read([
      choice({ delta: { role: 'assistant', content: '' } }),
      choice({ delta: { content: [thinking('Let me ')] } }),
      choice({ delta: { content: [thinking('think.')] } }),
      choice({ delta: { content: 'Fo' } }),
      choice({ delta: { content: 'ur.' }, finish_reason: 'stop' }),
    ]);
    expect(finish?.final).toMatchObject({
      choices: [
        { message: { content: [thinking('Let me think.'), { type: 'text', text: 'Four.' }] } },
      ],
    });
  });

  it('whole tool calls without an index are told apart by their ids', () => {
    const call = (id: string) => ({
      id,
      type: 'function',
      function: { name: 'f', arguments: '{}' },
    });
    const { finish } = read([
      choice({ delta: { tool_calls: [call('call_a')] } }),
      choice({ delta: { tool_calls: [call('call_b')] }, finish_reason: 'tool_calls' }),
    ]);
    expect(finish?.final).toMatchObject({
      choices: [{ message: { tool_calls: [call('call_a'), call('call_b')] } }],
    });
  });

  it('a legacy function call and spoken audio are joined', () => {
    const { finish } = read([
      choice({ delta: { function_call: { name: 'f', arguments: '{' } } }),
      choice({ delta: { function_call: { arguments: '}' }, audio: { id: 'a', data: 'AA' } } }),
      choice({ delta: { audio: { data: 'BB', expires_at: 9 } }, finish_reason: 'function_call' }),
    ]);
    expect(finish?.final).toMatchObject({
      choices: [
        {
          message: {
            function_call: { name: 'f', arguments: '{}' },
            audio: { id: 'a', data: 'AABB', expires_at: 9 },
          },
        },
      ],
    });
  });

  it('what an upstream leaves out is filled in', () => {
    const { finish } = read([choice({ delta: { content: 'Hi' }, finish_reason: 'stop' })]);
    expect(finish).toMatchObject({
      model: 'asked-for',
      usage: undefined,
      final: { id: 'chatcmpl_ours', created: 1_700_000_000, model: 'asked-for' },
    });
  });

  it('the chunks that were read are not changed', () => {
    const before = JSON.stringify(streams['logprobs']);
    read(streams['logprobs'] ?? []);
    expect(JSON.stringify(streams['logprobs'])).toBe(before);
  });
});

describe('the entries', () => {
  it('are the chunks, with nothing changed but the id', () => {
    const { entries } = read(streams['two tool calls'] ?? [], true);
    expect(entries.map((entry) => JSON.parse(entry))).toEqual(
      streams['two tool calls']?.map((chunk) => ({ ...chunk, id: 'chatcmpl_ours' })),
    );
  });

  it('hold no usage unless the client asked for it', () => {
    const { entries, finish } = read(streams['text'] ?? []);
    expect(entries).toHaveLength(4);
    expect(entries.join('')).not.toContain('usage');
    expect(finish?.usage).toEqual({ input_tokens: 7, output_tokens: 5, total_tokens: 12 });
    expect(read([usageChunk], true).entries).toHaveLength(1);
  });

  it('never show the upstream’s id', () => {
    for (const chunks of Object.values(streams)) {
      const { entries, finish } = read(chunks, true);
      expect(JSON.stringify([entries, finish])).not.toContain('chatcmpl-upstream');
    }
  });

  it('become events without a name', () => {
    expect(chatFrame('{"a":1}')).toBe('data: {"a":1}\n\n');
  });
});

describe('how a generation ends', () => {
  it.each([
    ['stop', 'completed'],
    ['tool_calls', 'completed'],
    ['eos', 'completed'],
    ['length', 'incomplete'],
    ['max_tokens', 'incomplete'],
    ['content_filter', 'incomplete'],
  ])('finish_reason %s makes it %s', (reason, status) => {
    expect(read([choice({ delta: {}, finish_reason: reason })]).finish?.status).toBe(status);
  });

  it('one choice that was cut short makes the whole incomplete', () => {
    expect(read(streams['two choices, interleaved'] ?? []).finish?.status).toBe('incomplete');
  });

  it.each(Object.keys(streams))('%s has ended only when every choice has', (name) => {
    const chunks = streams[name] ?? [];
    const whole = chunks.filter(({ choices }) => Array.isArray(choices) && choices.length > 0);
    for (let length = 0; length < whole.length; length++) {
      expect(read(whole.slice(0, length)).finish).toBeUndefined();
    }
    expect(read(whole).finish).toBeDefined();
  });

  it.each([
    { choices: 'none' },
    { choices: [null] },
    { choices: [{ index: -1 }] },
    { choices: [{ index: 0, delta: 'text' }] },
    { model: 7 },
  ])('%j is refused as malformed', (event) => {
    expect(() => read([event])).toThrow(Fault);
    expect(() => read([event])).toThrow(
      expect.objectContaining({ code: 'upstream_malformed', retry: { kind: 'later', afterMs: 0 } }),
    );
  });

  it('a hundred thousand chunks with logprobs are put together in linear time', () => {
    const piece = choice({ delta: { content: 'a' }, logprobs: { content: [{ token: 'a' }] } });
    const chunks = Array.from({ length: 100_000 }, () => piece);
    const { finish } = read([...chunks, choice({ delta: {}, finish_reason: 'stop' })]);
    expect(finish?.final).toMatchObject({
      choices: [{ message: { content: 'a'.repeat(100_000) } }],
    });
  }, 20_000);
});

/** The same without the client's own additions, and without the null for usage that was not told. */
function dropParsed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropParsed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) =>
      name.startsWith('parsed') || (name === 'usage' && field === null)
        ? []
        : [[name, dropParsed(field)]],
    ),
  );
}
