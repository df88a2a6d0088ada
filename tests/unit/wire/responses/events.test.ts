import { describe, expect, it } from 'vitest';
import {
  errorEvent,
  eventFrame,
  passThroughReader,
  terminalEvent,
} from '../../../../lib/wire/responses/events.ts';
import { finishOfFetched } from '../../../../lib/wire/responses/finish.ts';
import { generateReader } from '../../../../lib/wire/responses/generate-reader.ts';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { ownFields, responseResource } from '../../../../lib/wire/responses/resource.ts';
import { faultOf } from './fault-of.ts';
import { endedResponsesJob, responsesJob } from './job.ts';

const request = parseResponsesRequest({
  input: 'Hello',
  previous_response_id: 'resp_before',
  background: true,
});
const own = ownFields(responsesJob({ metadata: { a: 'b' } }), request);
const item = {
  type: 'message',
  id: 'msg_up',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi you' }],
};
const upstream = {
  id: 'resp_up',
  object: 'response',
  status: 'in_progress',
  model: 'gpt-5-2027',
  previous_response_id: null,
  store: false,
  novelty: { kept: true },
  output: [],
};
const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };
const completed = { ...upstream, status: 'completed', output: [item], usage };
const place = { item_id: 'msg_up', output_index: 0, content_index: 0 };
const stream = [
  { type: 'response.created', sequence_number: 0, response: upstream },
  { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item },
  { type: 'keepalive', sequence_number: 2 },
  { type: 'response.output_text.delta', sequence_number: 3, ...place, delta: 'Hi ' },
  { type: 'response.novelty', sequence_number: 4, response_id: 'resp_up', x: [1] },
  { type: 'response.output_text.delta', sequence_number: 5, ...place, delta: 'you' },
  { type: 'response.completed', sequence_number: 6, response: completed },
];

describe('the reader of events that pass', () => {
  it('keeps every event but the last as it came, without number and under our id', () => {
    const reader = passThroughReader(own);
    const readings = stream.map((event) => reader.read(event));
    expect(readings.flatMap(({ entries }) => entries).map((entry) => JSON.parse(entry))).toEqual([
      { type: 'response.created', response: { ...upstream, ...own } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_text.delta', ...place, delta: 'Hi ' },
      { type: 'response.novelty', response_id: 'resp_0a1b', x: [1] },
      { type: 'response.output_text.delta', ...place, delta: 'you' },
    ]);
    expect(JSON.stringify(readings.map(({ entries }) => entries))).not.toContain('resp_up');
    expect(readings[0]).toMatchObject({ upstreamId: 'resp_up', upstreamSeq: 0 });
    expect(readings.map(({ upstreamSeq }) => upstreamSeq)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('ends with what the last event said', () => {
    const reader = passThroughReader(own);
    const last = stream.map((event) => reader.read(event)).at(-1);
    const finish = {
      status: 'completed',
      final: completed,
      usage,
      model: 'gpt-5-2027',
      error: undefined,
    };
    expect(last?.finish).toEqual(finish);
    expect(reader.end()).toEqual(finish);
  });

  it('does not end a stream that was cut', () => {
    const reader = passThroughReader(own);
    for (const event of stream.slice(0, -1)) reader.read(event);
    expect(reader.end()).toBeUndefined();
  });

  it('reads from the middle on, as an adopted stream begins', () => {
    const reader = passThroughReader(own);
    const readings = stream.slice(5).map((event) => reader.read(event));
    expect(readings[0]?.entries).toHaveLength(1);
    expect(reader.end()?.final).toEqual(completed);
  });

  it.each([
    ['response.incomplete', 'incomplete', 'incomplete'],
    ['response.cancelled', 'cancelled', 'cancelled'],
    ['response.failed', 'cancelled', 'cancelled'],
    ['response.completed', undefined, 'completed'],
  ])('takes %s of status %s for %s', (type, status, expected) => {
    const response = { ...upstream, status };
    expect(passThroughReader(own).read({ type, response }).finish?.status).toBe(expected);
  });

  it('takes a failure for one when another attempt would fail too', () => {
    const error = { code: 'invalid_prompt', message: 'Not with sk-abcdefghij here.' };
    const response = { ...upstream, status: 'failed', error };
    expect(passThroughReader(own).read({ type: 'response.failed', response }).finish).toMatchObject(
      {
        status: 'failed',
        error: { code: 'invalid_prompt', message: 'Not with [redacted] here.' },
        final: { error: { message: 'Not with [redacted] here.' } },
      },
    );
  });

  it.each([
    [{ code: 'server_error' }, 'upstream_error', 'later'],
    [{ code: 'rate_limit_exceeded' }, 'upstream_rate_limited', 'later'],
    [{ code: 503 }, 'upstream_unavailable', 'later'],
    [{ type: 'overloaded_error' }, 'upstream_unavailable', 'later'],
    [{}, 'upstream_error', 'later'],
    [{ code: 'invalid_prompt' }, 'invalid_prompt', 'never'],
    [{ code: 'insufficient_quota', type: 'rate_limit_error' }, 'insufficient_quota', 'never'],
    [{ code: 'invalid_api_key' }, 'upstream_credentials', 'never'],
    [{ code: 400 }, '400', 'never'],
  ])('reads the error %j as %s, to be tried again %s', (error, code, retry) => {
    const flat = faultOf(() => passThroughReader(own).read({ ...error, type: 'error', error }));
    expect(flat).toMatchObject({ code, retry });
    const event = { type: 'error', message: 'm', param: null, ...error };
    if (!('type' in error)) {
      expect(faultOf(() => passThroughReader(own).read(event))).toMatchObject({ code, retry });
    }
  });

  it('throws the upstream’s own failure where another attempt may do better', () => {
    const response = { ...upstream, status: 'failed', error: { code: 'server_error' } };
    expect(
      faultOf(() => passThroughReader(own).read({ type: 'response.failed', response })),
    ).toMatchObject({ code: 'upstream_error', retry: 'later' });
  });

  it.each([{}, { type: 7 }, { type: 'response.completed' }])('refuses %j as malformed', (event) => {
    expect(faultOf(() => passThroughReader(own).read(event))).toMatchObject({
      code: 'upstream_malformed',
      retry: 'later',
    });
  });
});

describe('a response that was fetched', () => {
  it('has a finish once it ended', () => {
    expect(finishOfFetched(completed)).toMatchObject({ status: 'completed', usage });
    expect(finishOfFetched(upstream)).toBeUndefined();
    expect(finishOfFetched({ ...upstream, status: 'queued' })).toBeUndefined();
  });
});

describe('an entry', () => {
  it('becomes one whole frame, named as its type and numbered by its place', () => {
    expect(eventFrame('{"type":"response.x","delta":"a\\nb"}', 7)).toBe(
      'event: response.x\ndata: {"type":"response.x","sequence_number":7,"delta":"a\\nb"}\n\n',
    );
  });

  it('that ends a stream holds the whole response', () => {
    const types = ['completed', 'incomplete', 'failed', 'cancelled'].map((status) => {
      const event = JSON.parse(terminalEvent(responseResource(endedResponsesJob(status), request)));
      expect(event.response.status).toBe(status);
      return event.type;
    });
    expect(types).toEqual([
      'response.completed',
      'response.incomplete',
      'response.failed',
      'response.failed',
    ]);
  });

  it('of an error is OpenAI’s event', () => {
    expect(JSON.parse(errorEvent({ code: 'c', message: 'm', param: null }))).toEqual({
      type: 'error',
      code: 'c',
      message: 'm',
      param: null,
    });
  });
});

describe('the reader for generate', () => {
  it('keeps text alone, and ends with all of it', () => {
    const reader = generateReader();
    expect(stream.flatMap((event) => reader.read(event).entries)).toEqual(['Hi ', 'you']);
    expect(reader.end()).toMatchObject({
      status: 'completed',
      usage,
      final: { text: 'Hi you', model: 'gpt-5-2027', finishReason: 'stop' },
    });
  });

  it('ends with all of the text of a stream that it took up in the middle', () => {
    const reader = generateReader();
    for (const event of stream.slice(5)) reader.read(event);
    expect(reader.end()?.final).toMatchObject({ text: 'Hi you' });
  });

  it.each([
    ['incomplete', { incomplete_details: { reason: 'max_output_tokens' } }, 'length'],
    ['incomplete', { incomplete_details: { reason: 'content_filter' } }, 'content_filter'],
    ['completed', { output: [item, { type: 'function_call' }] }, 'tool_calls'],
  ])('tells why a generation that is %s with %j ended', (status, fields, finishReason) => {
    const reader = generateReader();
    reader.read({ type: `response.${status}`, response: { ...completed, status, ...fields } });
    expect(reader.end()).toMatchObject({ status, final: { finishReason } });
  });
});
