import { vi } from 'vitest';
import * as z from 'zod';
import type { DemoModel } from '../../local/demo-model/demo-model.ts';

const generation = z.object({
  id: z.string(),
  key: z.string(),
  protocol: z.enum(['chat', 'responses']),
  background: z.boolean(),
  model: z.string(),
  prompt: z.string(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  tokensSent: z.number(),
  text: z.string(),
  outcome: z.string().nullable(),
  open: z.boolean(),
});

let requests = 0;

/** A model name for ten tokens at once with these controls, and its key, which no other has. */
export function tenTokens(controls = ''): { model: string; key: string } {
  const key = `request-${++requests}`;
  const extra = controls === '' ? '' : `&${controls}`;
  return { model: `demo?tokens=10&rate=5000&first_ms=0&key=${key}${extra}`, key };
}

/** Raw HTTP requests to a demo model; the body goes out as it is when it is a string. */
export function demoModelClient({ baseUrl }: DemoModel) {
  const postTo = (path: string, body: unknown, signal: AbortSignal | null = null) =>
    fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal,
    });
  const post = (body: unknown, signal: AbortSignal | null = null) =>
    postTo('/chat/completions', body, signal);
  const get = (path: string) =>
    fetch(`${baseUrl}${path}`, { headers: { authorization: 'Bearer any' } });
  const ask = (model: string, stream: boolean, signal: AbortSignal | null = null) =>
    post({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }, signal);
  const entries = async () => {
    const response = await fetch(new URL('/_demo/generations', baseUrl));
    return z.array(generation).parse(await response.json());
  };
  const findEntry = async (key: string) =>
    (await entries()).find((entry) => entry.key === key) ?? null;
  const entryOf = async (key: string) => {
    const entry = await findEntry(key);
    if (!entry) throw new Error(`no generation has the key ${key}`);
    return entry;
  };
  const untilClosed = (key: string) => until(async () => !(await entryOf(key)).open);
  return { post, postTo, get, ask, entries, findEntry, entryOf, untilClosed };
}

/** What came of a body, and whether it was cut off. */
export async function readAll(response: Response): Promise<{ body: string; cut: boolean }> {
  const parts: Uint8Array[] = [];
  let cut = false;
  try {
    for await (const part of response.body ?? []) parts.push(part);
  } catch {
    cut = true;
  }
  return { body: Buffer.concat(parts).toString(), cut };
}

/** The number of content deltas in the body of a stream. */
export function tokensIn(body: string): number {
  return body.split('"delta":{"content":').length - 1;
}

/** Waits until the condition holds; fails after 20 s, room enough for a busy machine. */
export function until(condition: () => Promise<boolean>): Promise<boolean> {
  return vi.waitUntil(condition, { timeout: 60_000 });
}
