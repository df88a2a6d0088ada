import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Api, startApi } from '../fixtures/api.ts';
import { allFrames, eventsOf } from '../fixtures/event-frames.ts';
import { responseResource, streamingEvent } from '../fixtures/open-responses.ts';
import { checkGrammar } from '../unit/wire/translate/event-grammar.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const stream = async (body: object) => {
  const events = eventsOf(await allFrames(await api.send('POST', '/v1/responses', body)));
  return events.map((event) => streamingEvent.parse(event));
};

const weather = {
  type: 'function',
  name: 'weather',
  parameters: {
    type: 'object',
    properties: { town: { type: 'string' } },
    required: ['town'],
    additionalProperties: false,
  },
};
const asking = 'call:weather {"town":"Höfn"} please';
describe.concurrent.each([
  ['a responses upstream', 'demo'],
  ['a chat upstream', 'demo-chat'],
])('Open Responses on %s: the stream', (_, model) => {
  it.each([
    ['of text', { input: 'A text.' }],
    ['of a call', { input: asking, tools: [weather] }],
    ['of several calls', { input: `${asking} and ${asking}`, tools: [weather] }],
    ['that is cut short', { input: 'Short.', max_output_tokens: 16 }],
  ])('%s has every event in its place, with every field', async (_, body) => {
    const events = await stream({ model, ...body, stream: true });
    checkGrammar(events);
    const { response } = z.object({ response: responseResource }).parse(events.at(-1));
    expect(response).toEqual((await api.ask('GET', `/v1/responses/${response.id}`)).body);
    const done = events.flatMap((event) =>
      event.type === 'response.output_item.done' ? [event.item] : [],
    );
    expect(response.output).toEqual(done);
  });

  it('of what was thought has every field', async () => {
    const events = await stream({
      model: `${model}?reasoning=16`,
      input: 'Think.',
      stream: true,
    });
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    const thought = events.filter(({ type }) => type === 'response.reasoning_text.delta');
    const items = events.filter(({ type }) => type === 'response.output_item.added');
    expect(items).toMatchObject([{ item: { type: 'reasoning' } }, { item: { type: 'message' } }]);
    if (model === 'demo-chat') expect(thought).toHaveLength(16);
  });

  it('of a failure ends with response.failed', async () => {
    const events = await stream({
      model: `${model}?fault=fail&after=8`,
      input: 'Failing.',
      stream: true,
    });
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: expect.any(String) } },
    });
  });
});
