import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/wire/production.ts';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import {
  chatCall,
  noSignal,
  outcomeOf,
  responsesCall,
  serverAt,
} from './upstream-server-harness.ts';

let demo: DemoModel;

beforeAll(async () => {
  demo = await startDemoModel();
});
afterAll(async () => {
  await demo.close();
});

let keys = 0;
const modelWith = (controls: string): { readonly model: string; readonly key: string } => {
  keys += 1;
  const key = `server-${keys}`;
  return { model: `demo?key=${key}&first_ms=0&${controls}`, key };
};

const entries = z.array(
  z.object({
    key: z.string(),
    protocol: z.string(),
    background: z.boolean(),
    text: z.string(),
    outcome: z.nullable(z.string()),
  }),
);
const generationsOf = async (key: string) => {
  const log = await fetch(new URL('/_demo/generations', demo.baseUrl));
  return entries.parse(await log.json()).filter((entry) => entry.key === key);
};

const typesOf = (events: readonly JsonObject[]) => events.map(({ type }) => type);
const textOf = (events: readonly JsonObject[]) =>
  events.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join('');
const responseOf = (event: JsonObject | undefined) =>
  z.object({ response: z.looseObject({ id: z.string(), status: z.string() }) }).parse(event)
    .response;
const numberOf = (event: JsonObject | undefined) =>
  z.object({ sequence_number: z.number() }).parse(event).sequence_number;

test('a response is streamed whole', async () => {
  const { model, key } = modelWith('tokens=10&rate=5000');
  const upstream = serverAt(demo.baseUrl);
  const { events, thrown } = await outcomeOf(upstream.open(responsesCall({ model }), noSignal));
  expect(thrown).toBeUndefined();
  expect(typesOf(events)[0]).toBe('response.created');
  expect(typesOf(events).at(-1)).toBe('response.completed');
  expect(await generationsOf(key)).toMatchObject([{ text: textOf(events), outcome: 'finished' }]);
});

test('a chat completion is streamed whole', async () => {
  const { model, key } = modelWith('tokens=10&rate=5000');
  const upstream = serverAt(demo.baseUrl, { protocol: 'chat' });
  const { events, thrown } = await outcomeOf(upstream.open(chatCall({ model }), noSignal));
  expect(thrown).toBeUndefined();
  expect(events.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 10 } });
  expect(await generationsOf(key)).toMatchObject([{ protocol: 'chat', outcome: 'finished' }]);
});

test('a generation left at any event and resumed is whole, and was made once', async () => {
  const upstream = serverAt(demo.baseUrl);
  const { model: plain } = modelWith('tokens=8&rate=2000');
  const whole = await outcomeOf(
    upstream.open(responsesCall({ model: plain, background: true }), noSignal),
  );
  expect(whole.thrown).toBeUndefined();
  for (let kept = 1; kept <= whole.events.length; kept += 1) {
    const { model, key } = modelWith('tokens=8&rate=2000');
    const seen: JsonObject[] = [];
    for await (const event of upstream.open(responsesCall({ model, background: true }), noSignal)) {
      seen.push(event);
      if (seen.length === kept) break;
    }
    const { id } = responseOf(seen[0]);
    const rest = await outcomeOf(upstream.resume(id, numberOf(seen.at(-1)), noSignal));
    const all = [...seen, ...rest.events];
    expect(typesOf(all), `left after ${kept}`).toEqual(typesOf(whole.events));
    if (kept < whole.events.length) {
      expect(rest.thrown).toBeUndefined();
      expect(all.map(numberOf)).toEqual(all.map((_, at) => at));
    } else expect(rest.thrown).toMatchObject({ code: 'upstream_lost' });
    expect(await upstream.retrieve(id, noSignal)).toEqual(responseOf(all.at(-1)));
    expect(await generationsOf(key)).toMatchObject([
      { background: true, text: textOf(all), outcome: 'finished' },
    ]);
  }
});

test('a cancelled generation stops, ends its stream, and may be cancelled again', async () => {
  const upstream = serverAt(demo.baseUrl);
  const { model, key } = modelWith('tokens=5000&rate=50');
  const stream = upstream.open(responsesCall({ model, background: true }), noSignal);
  const seen: JsonObject[] = [];
  for await (const event of stream) {
    seen.push(event);
    if (event['type'] !== 'response.output_text.delta') continue;
    await upstream.cancel(responseOf(seen[0]).id, noSignal);
    break;
  }
  const { id } = responseOf(seen[0]);
  await upstream.cancel(id, noSignal);
  expect(await upstream.retrieve(id, noSignal)).toMatchObject({ status: 'cancelled' });
  expect(await generationsOf(key)).toMatchObject([{ outcome: 'cancelled' }]);
});

test('a queued generation is waited for', async () => {
  const upstream = serverAt(demo.baseUrl, { betweenEventsMs: 100, firstEventMs: 250 });
  const { model } = modelWith('tokens=5&rate=5000&queued_ms=600');
  const call = responsesCall({ model, background: true });
  const { events, thrown } = await outcomeOf(upstream.open(call, noSignal));
  expect(thrown).toBeUndefined();
  expect(typesOf(events)).toContain('response.queued');
  expect(typesOf(events).at(-1)).toBe('response.completed');
});

test('a background generation made in one piece is looked at, not streamed', async () => {
  const upstream = serverAt(demo.baseUrl);
  const { model } = modelWith('tokens=5&rate=5000');
  const made = await fetch(`${demo.baseUrl}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ model, input: 'Hello', background: true }),
  });
  const { id } = z.object({ id: z.string() }).parse(await made.json());
  expect((await outcomeOf(upstream.resume(id, 0, noSignal))).thrown).toMatchObject({
    code: 'upstream_lost',
  });
  await expect
    .poll(() => upstream.retrieve(id, noSignal), { timeout: 60_000 })
    .toMatchObject({ status: 'completed' });
});

test('the models of the demo are listed', async () => {
  const models = await serverAt(demo.baseUrl).models(noSignal);
  expect(models).toContainEqual(expect.objectContaining({ id: 'demo', object: 'model' }));
});
