import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { demoModelClient, readAll, tenTokens, tokensIn, until } from './demo-model-client.ts';

let demo: DemoModel;
let client: ReturnType<typeof demoModelClient>;

beforeAll(async () => {
  demo = await startDemoModel();
  client = demoModelClient(demo);
});
afterAll(() => demo.close());

describe('the record of generations', () => {
  test('a client that leaves stops its generation', async () => {
    for (const stream of [true, false]) {
      const key = `leaver-${stream}`;
      const leave = new AbortController();
      const response = client.ask(`demo?tokens=1000&rate=50&key=${key}`, stream, leave.signal);
      await until(async () => ((await client.findEntry(key))?.tokensSent ?? 0) > 2);
      expect(await client.entryOf(key)).toMatchObject({ open: true, outcome: null });
      leave.abort();
      await response.then(readAll, () => null);
      await until(async () => !(await client.entryOf(key)).open);
      const left = await client.entryOf(key);
      expect(left.outcome).toBe('client_gone');
      expect(left.tokensSent).toBeLessThan(1_000);
      expect((await client.entryOf(key)).tokensSent).toBe(left.tokensSent);
    }
  });

  test('a finished generation is recorded with its text before the client sees the end', async () => {
    const { model, key } = tenTokens();
    const response = await client.ask(model, true);
    const { body } = await readAll(response);
    const entry = await client.entryOf(key);
    expect(entry).toMatchObject({
      outcome: 'finished',
      open: false,
      tokensSent: 10,
      model: model,
    });
    expect(entry.prompt).toBe('Hello');
    expect(entry.endedAtMs).toBeGreaterThanOrEqual(entry.startedAtMs);
    expect(tokensIn(body)).toBe(10);
    expect(body).toContain(entry.id);
  });
});
