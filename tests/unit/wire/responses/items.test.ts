import { describe, expect, it } from 'vitest';
import { responsesCall } from '../../../../lib/wire/responses/call.ts';
import { inputItems } from '../../../../lib/wire/responses/input-items.ts';
import { listPage, pageOf, parseListQuery } from '../../../../lib/wire/responses/list.ts';
import { expandPrevious } from '../../../../lib/wire/responses/previous.ts';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { parseRetrieveQuery } from '../../../../lib/wire/responses/retrieve-query.ts';
import { faultOf } from './fault-of.ts';

const members = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }));
const ids = (page: { data: readonly { readonly [field: string]: unknown }[] }) =>
  page.data.map(({ id }) => id);

describe('the items of an input', () => {
  it('have ids even when their type is a name that every object knows', () => {
    const { input } = parseResponsesRequest({ input: [{ type: 'constructor' }] });
    expect(inputItems(input, 'resp_0a1b')).toEqual([{ type: 'constructor', id: 'item_0a1b_in_0' }]);
  });

  it('are whole, with ids that are always the same', () => {
    const { input } = parseResponsesRequest({
      input: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Ho' },
        { id: 'msg_mine', role: 'user', content: [{ type: 'input_image', image_url: 'http://a' }] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'novelty', x: 1 },
      ],
    });
    const items = inputItems(input, 'resp_0a1b');
    expect(items).toEqual([
      {
        type: 'message',
        id: 'msg_0a1b_in_0',
        role: 'user',
        status: 'completed',
        content: [{ type: 'input_text', text: 'Hi' }],
      },
      {
        type: 'message',
        id: 'msg_0a1b_in_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Ho', annotations: [], logprobs: [] }],
      },
      {
        type: 'message',
        id: 'msg_mine',
        role: 'user',
        status: 'completed',
        content: [{ type: 'input_image', image_url: 'http://a', detail: 'auto' }],
      },
      {
        type: 'function_call',
        id: 'fc_0a1b_in_3',
        call_id: 'c',
        name: 'f',
        arguments: '{}',
        status: 'completed',
      },
      { type: 'novelty', id: 'item_0a1b_in_4', x: 1 },
    ]);
    expect(inputItems(input, 'resp_0a1b')).toEqual(items);
  });

  it('of a text is one message of the user', () => {
    const { input } = parseResponsesRequest({ input: 'Hi' });
    expect(inputItems(input, 'resp_1')).toMatchObject([
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
    ]);
  });
});

describe('a list', () => {
  it('is read 20 at a time, the newest first, unless it is asked for otherwise', () => {
    expect(parseListQuery({})).toEqual({ limit: 20, order: 'desc' });
    expect(parseListQuery({ limit: '3', order: 'asc', after: 'x', status: 'queued' })).toEqual({
      limit: 3,
      order: 'asc',
      after: 'x',
      status: 'queued',
    });
  });

  it.each([
    ['limit', '0'],
    ['limit', '101'],
    ['limit', '-1'],
    ['limit', '2.5'],
    ['limit', ''],
    ['order', 'up'],
    ['after', ''],
    ['status', 'done'],
  ])('is refused for %s=%s', (param, value) => {
    expect(faultOf(() => parseListQuery({ [param]: value }))).toMatchObject({ status: 400, param });
  });

  it.each(['asc', 'desc'] as const)('of order %s is read whole page by page', (order) => {
    const seen: unknown[] = [];
    let after: string | undefined;
    for (;;) {
      const query = { limit: 2, order, ...(after === undefined ? {} : { after }) };
      const page = pageOf(members, query);
      seen.push(...ids(page));
      if (!page.has_more) break;
      after = page.last_id ?? undefined;
    }
    const all = members.map(({ id }) => id);
    expect(seen).toEqual(order === 'asc' ? all : all.toReversed());
  });

  it('does not go on after what is not in it', () => {
    expect(faultOf(() => pageOf(members, { limit: 2, order: 'asc', after: 'z' }))).toMatchObject({
      status: 400,
      param: 'after',
    });
  });

  it('that is empty has no ids', () => {
    expect(listPage([], false)).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });
});

describe('the query of a stored response', () => {
  it('tells whether to stream and from where', () => {
    expect(parseRetrieveQuery({})).toEqual({ stream: false });
    expect(parseRetrieveQuery({ stream: 'true', starting_after: '0' })).toEqual({
      stream: true,
      startingAfter: 0,
    });
  });

  it.each([
    ['stream', { stream: 'yes' }],
    ['starting_after', { stream: 'true', starting_after: '-1' }],
    ['starting_after', { stream: 'true', starting_after: 'x' }],
    ['starting_after', { starting_after: '3' }],
  ])('is refused for its %s in %j', (param, query) => {
    expect(faultOf(() => parseRetrieveQuery(query))).toMatchObject({ status: 400, param });
  });
});

const said = (text: string) => ({ type: 'message', role: 'assistant', content: text });
const previous = {
  input: [{ role: 'user', content: 'Hi' }],
  output: [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [],
      content: [],
      encrypted_content: 'e',
      status: 'x',
    },
    { type: 'reasoning', id: 'rs_2', summary: [] },
    { ...said('Ho'), id: 'msg_1', status: 'completed' },
    { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' },
    { type: 'mcp_approval_request', id: 'mcpr_1', name: 'm' },
  ],
};

describe('an earlier conversation', () => {
  it('comes before the new input without ids of ours, thoughts only where they can be read', () => {
    expect(expandPrevious(previous, 'responses')).toEqual([
      { role: 'user', content: 'Hi' },
      { type: 'reasoning', summary: [], encrypted_content: 'e' },
      said('Ho'),
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'mcp_approval_request', id: 'mcpr_1', name: 'm' },
    ]);
    expect(expandPrevious(previous, 'chat')).not.toContainEqual(
      expect.objectContaining({ type: 'reasoning' }),
    );
  });

  it('is part of the call, which names no response of ours', () => {
    const request = parseResponsesRequest({
      input: 'And?',
      previous_response_id: 'resp_1',
      instructions: 'New.',
      top_k: 3,
    });
    const earlier = expandPrevious(previous, 'responses').slice(0, 1);
    expect(responsesCall(request, { model: 'm', earlier, background: false })).toEqual({
      protocol: 'responses',
      body: {
        model: 'm',
        instructions: 'New.',
        top_k: 3,
        input: [
          { role: 'user', content: 'Hi' },
          { type: 'message', role: 'user', content: 'And?' },
        ],
        stream: true,
        store: false,
      },
    });
  });
});

describe('a call of an upstream of the same protocol', () => {
  it('an output that is sent back as input holds no id that its upstream would look up', () => {
    const output = [
      { type: 'reasoning', id: 'rs_1', summary: [] },
      {
        type: 'function_call',
        id: 'fc_1',
        call_id: 'c',
        name: 'f',
        arguments: '{}',
        status: 'completed',
      },
      { type: 'function_call_output', call_id: 'c', output: '1' },
    ];
    const request = parseResponsesRequest({ input: output });
    expect(responsesCall(request, { model: 'm', background: false }).body['input']).toEqual([
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: '1' },
    ]);
  });

  it('passes the body as it came, and has it stored there only where background mode needs it', () => {
    const body = { input: 'Hi', model: 'x', background: true, novelty: { a: null } };
    const request = parseResponsesRequest(body);
    expect(responsesCall(request, { model: 'm', background: false }).body).toEqual({
      input: 'Hi',
      model: 'm',
      novelty: { a: null },
      stream: true,
      store: false,
    });
    expect(responsesCall(request, { model: 'm', background: true }).body).toEqual({
      input: 'Hi',
      model: 'm',
      novelty: { a: null },
      stream: true,
      background: true,
      store: true,
    });
  });
});
