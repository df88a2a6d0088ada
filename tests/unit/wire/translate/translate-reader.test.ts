import fc from 'fast-check';
import { ResponseStream } from 'openai/lib/responses/ResponseStream';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../lib/wire/production.ts';
import { eventFrame, terminalEvent } from '../../../../lib/wire/responses/events.ts';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { responseResource } from '../../../../lib/wire/responses/resource.ts';
import { translateReader } from '../../../../lib/wire/translate/translate-reader.ts';
import { faultOf } from '../responses/fault-of.ts';
import { endedResponsesJob, responsesJob } from '../responses/job.ts';
import { checkGrammar } from './event-grammar.ts';

const request = parseResponsesRequest({ input: 'Hi' });
const newReader = () =>
  translateReader({
    jobId: 'resp_0a1b',
    attempt: 2,
    model: 'gpt-5',
    snapshot: () => responseResource(responsesJob(), request),
  });

const chunk = (delta: JsonObject, finish_reason: string | null = null): JsonObject => ({
  id: 'chatcmpl-up',
  object: 'chat.completion.chunk',
  model: 'llama-9',
  choices: [{ index: 0, delta, finish_reason }],
});
const usage = {
  prompt_tokens: 5,
  completion_tokens: 7,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
};
const usageChunk = { model: 'llama-9', choices: [], usage };
const call = (index: number, piece: JsonObject, id?: string) =>
  chunk({ tool_calls: [{ index, ...(id === undefined ? {} : { id }), function: piece }] });

type Frame = { readonly event: string; readonly data: JsonObject };

const frameOf = (frame: string): Frame => {
  const [, event = '', data = ''] = /^event: ([^\n]*)\ndata: ([^\n]*)\n\n$/.exec(frame) ?? [];
  return { event, data: JSON.parse(data) };
};

/** The stream that a client sees, from the chunks that the upstream sent. */
const translated = (chunks: readonly JsonObject[]) => {
  const reader = newReader();
  const entries = chunks.flatMap((event) => reader.read(event).entries);
  const finish = reader.end();
  if (finish === undefined) throw new Error('The stream did not end.');
  const resource = responseResource(
    endedResponsesJob(finish.status, { usage: finish.usage, answeredBy: finish.model }),
    request,
    { final: finish.final },
  );
  const frames = [...entries, terminalEvent(resource)].map((entry, sequence) =>
    frameOf(eventFrame(entry, sequence)),
  );
  return { finish, resource, frames, events: frames.map(({ data }) => data) };
};

const types = (events: readonly JsonObject[]) => events.map(({ type }) => type);

const oracle = async (events: readonly JsonObject[]) => {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  const body = new Blob([lines]).stream();
  return ResponseStream.fromReadableStream(body).finalResponse();
};

describe('a chat stream in responses form', () => {
  it('tells a message from its first event to its last', () => {
    const { events, frames, finish, resource } = translated([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({}, 'stop'),
      usageChunk,
    ]);
    expect(frames.every(({ event, data }) => event === data['type'])).toBe(true);
    const place = { item_id: 'msg_0a1b_2_0', output_index: 0, content_index: 0 };
    const part = { type: 'output_text', text: 'Hello', annotations: [], logprobs: [] };
    const item = { type: 'message', id: 'msg_0a1b_2_0', role: 'assistant' };
    expect(events.slice(2, -1)).toEqual(
      [
        {
          type: 'response.output_item.added',
          output_index: 0,
          item: { ...item, status: 'in_progress', content: [] },
        },
        { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
        { type: 'response.output_text.delta', ...place, delta: 'Hel', logprobs: [] },
        { type: 'response.output_text.delta', ...place, delta: 'lo', logprobs: [] },
        { type: 'response.output_text.done', ...place, text: 'Hello', logprobs: [] },
        { type: 'response.content_part.done', ...place, part },
        {
          type: 'response.output_item.done',
          output_index: 0,
          item: { ...item, status: 'completed', content: [part] },
        },
      ].map((event, index) => ({ ...event, sequence_number: index + 2 })),
    );
    expect(finish).toMatchObject({
      status: 'completed',
      model: 'llama-9',
      usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
    });
    expect(resource).toMatchObject({
      id: 'resp_0a1b',
      status: 'completed',
      model: 'llama-9',
      output: [{ ...item, status: 'completed', content: [part] }],
      usage: {
        input_tokens: 5,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 12,
      },
    });
  });

  it('begins with the response as it was then', () => {
    const { events } = translated([chunk({ content: 'x' }, 'stop')]);
    expect(events.slice(0, 2)).toMatchObject([
      { type: 'response.created', response: { id: 'resp_0a1b', status: 'in_progress' } },
      { type: 'response.in_progress', response: { output: [], model: 'gpt-5' } },
    ]);
  });

  it('has thoughts, text and calls as items of their own, in their order', () => {
    const { events, resource } = translated([
      chunk({ reasoning_content: 'Hm' }),
      chunk({ reasoning_content: 'm.' }),
      chunk({ content: 'Wait.' }),
      call(0, { name: 'f', arguments: '' }, 'call_a'),
      call(0, { arguments: '{"a":' }),
      call(1, { name: 'g', arguments: '{}' }, 'call_b'),
      call(0, { arguments: '1}' }),
      chunk({}, 'tool_calls'),
    ]);
    checkGrammar(events);
    expect(resource.output).toMatchObject([
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hmm.' }] },
      { type: 'message', content: [{ text: 'Wait.' }] },
      { type: 'function_call', call_id: 'call_a', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'call_b', name: 'g', arguments: '{}' },
    ]);
    expect(resource).toMatchObject({ status: 'completed', usage: null });
  });

  it('starts a message of its own for text after a call, and a part of its own for a refusal', () => {
    const { events, resource } = translated([
      call(0, { name: 'f', arguments: '{}' }, 'call_a'),
      chunk({ content: 'Then' }),
      chunk({ refusal: 'no.' }, 'stop'),
    ]);
    checkGrammar(events);
    expect(resource.output).toMatchObject([
      { type: 'function_call' },
      { content: [{ text: 'Then' }, { type: 'refusal', refusal: 'no.' }] },
    ]);
  });

  it.each([
    ['stop', 'completed', null],
    ['tool_calls', 'completed', null],
    ['length', 'incomplete', { reason: 'max_output_tokens' }],
    ['content_filter', 'incomplete', { reason: 'content_filter' }],
  ])('that ends with %s is %s', (reason, status, incomplete_details) => {
    const { resource, events } = translated([
      chunk({ reasoning: 'Hm' }),
      chunk({ content: 'So' }, reason),
    ]);
    expect(resource).toMatchObject({
      status,
      incomplete_details,
      output: [{ status: 'completed' }, { status }],
    });
    expect(events.at(-1)?.['type']).toBe(`response.${status}`);
  });

  it('that was cut has no finish', () => {
    const reader = newReader();
    reader.read(chunk({ content: 'Hel' }));
    expect(reader.end()).toBeUndefined();
  });

  it('tells logprobs and where a text comes from', () => {
    const logprob = { token: 'Hi', logprob: -1, bytes: [72, 105] };
    const { events, resource } = translated([
      {
        choices: [
          {
            index: 0,
            delta: { content: 'Hi' },
            logprobs: { content: [{ ...logprob, top_logprobs: [logprob] }] },
          },
        ],
      },
      chunk({ annotations: [{ type: 'url_citation', url_citation: { url: 'u', title: 't' } }] }),
      chunk({}, 'stop'),
    ]);
    checkGrammar(events);
    expect(types(events)).toContain('response.output_text.annotation.added');
    expect(resource.output).toMatchObject([
      {
        content: [
          {
            text: 'Hi',
            annotations: [{ type: 'url_citation', url: 'u', title: 't' }],
            logprobs: [{ ...logprob, top_logprobs: [logprob] }],
          },
        ],
      },
    ]);
  });

  it('understands the ways of other servers', () => {
    const { events, resource } = translated([
      chunk({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
          { type: 'text', text: 'So' },
        ],
      }),
      chunk({ tool_calls: [{ id: 'a', function: { name: 'f', arguments: { x: 1 } } }] }),
      chunk({ tool_calls: [{ id: 'b', function: { name: 'f', arguments: '{}' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"late":' } }] }),
      chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'g', arguments: '1}' } }] }),
      chunk({ tool_calls: [{ index: 0, id: 'd', function: { name: 'h', arguments: '{}' } }] }),
      chunk({ tool_calls: [{ index: 3, id: '', function: { name: 'i', arguments: '{}' } }] }),
      chunk({}, 'stop'),
      chunk({ content: 'after the end' }),
    ]);
    checkGrammar(events);
    expect(resource.output).toMatchObject([
      { content: [{ type: 'reasoning_text', text: 'Hm' }] },
      { content: [{ type: 'output_text', text: 'So' }] },
      { call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { call_id: 'b', name: 'f' },
      { call_id: 'c', name: 'g', arguments: '{"late":1}' },
      { call_id: 'd', name: 'h' },
      { call_id: 'call_0a1b_2_6', name: 'i' },
    ]);
  });

  it('is malformed when a call never says what it calls', () => {
    const reader = newReader();
    reader.read(call(0, { arguments: '{}' }, 'a'));
    expect(faultOf(() => reader.read(chunk({}, 'tool_calls')))).toMatchObject({
      code: 'upstream_malformed',
      retry: 'later',
    });
  });
});

/** What a model may say, and the same cut into chunks at any place. */
type Piece = { readonly kind: 'reasoning' | 'text' | 'refusal'; readonly text: string };
const said = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const pieces = fc.array(
  fc.record({
    kind: fc.constantFrom('reasoning' as const, 'text' as const, 'refusal' as const),
    text: said,
  }),
  { maxLength: 6 },
);
const calls = fc.array(fc.record({ name: fc.constantFrom('f', 'g'), given: said }), {
  maxLength: 3,
});
const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 5 }));

const fieldOf = { reasoning: 'reasoning_content', text: 'content', refusal: 'refusal' } as const;

const cut = (text: string, lengths: Iterator<number>): readonly string[] => {
  const characters = [...text];
  const parts: string[] = [];
  while (characters.length > 0) {
    const { value } = lengths.next();
    parts.push(
      characters.splice(0, typeof value === 'number' ? value : characters.length).join(''),
    );
  }
  return parts;
};

const chunksOf = (
  texts: readonly Piece[],
  tools: readonly { readonly name: string; readonly given: string }[],
  lengths: Iterator<number>,
): readonly JsonObject[] => [
  ...texts.flatMap(({ kind, text }) =>
    cut(text, lengths).map((part) => chunk({ [fieldOf[kind]]: part })),
  ),
  ...tools.map(({ name }, index) => call(index, { name, arguments: '' }, `call_${index}`)),
  // The pieces of all calls in turns.
  ...tools
    .flatMap(({ given }, index) =>
      cut(given, lengths).map((part, turn) => ({ turn, event: call(index, { arguments: part }) })),
    )
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ event }) => event),
  chunk({}, 'stop'),
  usageChunk,
];

describe('any chat stream', () => {
  it('gives the same output however it was cut', () => {
    fc.assert(
      fc.property(pieces, calls, cuts, (texts, tools, lengths) => {
        const whole = translated(chunksOf(texts, tools, [].values()));
        const parts = translated(chunksOf(texts, tools, lengths));
        expect(parts.resource).toEqual(whole.resource);
      }),
    );
  });

  it('keeps the order of events that the protocol demands', () => {
    fc.assert(
      fc.property(pieces, calls, cuts, (texts, tools, lengths) => {
        checkGrammar(translated(chunksOf(texts, tools, lengths)).events);
      }),
    );
  });

  it('says nothing more and nothing less than the model did', () => {
    fc.assert(
      fc.property(pieces, calls, cuts, (texts, tools, lengths) => {
        const { events } = translated(chunksOf(texts, tools, lengths));
        const deltas = (type: string) =>
          events
            .filter((event) => event['type'] === type)
            .map(({ delta }) => delta)
            .join('');
        const all = (kind: Piece['kind']) =>
          texts.map((piece) => (piece.kind === kind ? piece.text : '')).join('');
        expect(deltas('response.output_text.delta')).toBe(all('text'));
        expect(deltas('response.refusal.delta')).toBe(all('refusal'));
        expect(deltas('response.reasoning_text.delta')).toBe(all('reasoning'));
      }),
    );
  });

  it('is put together by OpenAI’s own client as it was meant', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, calls, cuts, async (texts, tools, lengths) => {
        const { events, resource } = translated(chunksOf(texts, tools, lengths));
        const final = await oracle(events);
        expect(final).toMatchObject({ id: resource.id, status: 'completed' });
        expect(final.output_text).toBe(
          texts.map(({ kind, text }) => (kind === 'text' ? text : '')).join(''),
        );
        // Without the last event it has only the deltas to go by.
        const cutShort = await oracle(events.slice(0, -1));
        const plain: unknown = JSON.parse(JSON.stringify(resource.output));
        expect(cutShort.output).toMatchObject(Array.isArray(plain) ? plain : []);
      }),
      { numRuns: 50 },
    );
  });
});
