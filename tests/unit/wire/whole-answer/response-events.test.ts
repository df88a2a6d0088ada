import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator';
import { expect, test } from 'vitest';
import { outputEvents } from '../../../../lib/wire/whole-answer/response-events.ts';

const output = [
  {
    type: 'reasoning',
    id: 'rs_1',
    summary: [
      { type: 'summary_text', text: 'First.' },
      { type: 'summary_text', text: 'Then.' },
    ],
    content: [{ type: 'reasoning_text', text: 'Hm.' }],
    encrypted_content: 'x',
  },
  {
    type: 'message',
    id: 'msg_1',
    status: 'completed',
    role: 'assistant',
    content: [
      { type: 'output_text', text: 'Grüße', annotations: [{ type: 'url' }], logprobs: [] },
      { type: 'refusal', refusal: 'No.' },
      { type: 'output_text', text: '', annotations: [], logprobs: [] },
    ],
  },
  {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name: 'f',
    arguments: '{"a":1}',
    status: 'completed',
  },
  { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search' } },
];
const begun = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] };

test("OpenAI's own client makes the same output of the events", () => {
  let snapshot: unknown;
  const all = [{ type: 'response.created', response: begun }, ...outputEvents({ output })];
  for (const [sequence_number, event] of all.entries()) {
    snapshot = Reflect.apply(accumulateResponse, undefined, [
      structuredClone({ ...event, sequence_number }),
      snapshot,
    ]);
  }
  expect(snapshot).toMatchObject({ output });
});

test('every item and every part begins empty and ends whole', () => {
  const events = outputEvents({ output });
  expect(events.map(({ type }) => type.replace('response.', ''))).toEqual([
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'content_part.added',
    'reasoning_text.delta',
    'reasoning_text.done',
    'content_part.done',
    'output_item.done',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'content_part.added',
    'refusal.delta',
    'refusal.done',
    'content_part.done',
    'content_part.added',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'output_item.added',
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'output_item.done',
    'output_item.added',
    'output_item.done',
  ]);
  expect(events[14]).toMatchObject({ item: { id: 'msg_1', status: 'in_progress', content: [] } });
  expect(events[16]).toEqual({
    type: 'response.output_text.delta',
    item_id: 'msg_1',
    output_index: 1,
    content_index: 0,
    delta: 'Grüße',
    logprobs: [],
  });
  expect(events[27]).toEqual({
    type: 'response.output_item.done',
    output_index: 1,
    item: output[1],
  });
});

test('a response without output has no events', () => {
  expect(outputEvents({})).toEqual([]);
  expect(outputEvents({ output: null })).toEqual([]);
});
