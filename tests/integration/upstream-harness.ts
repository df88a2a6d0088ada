import { readFileSync } from 'node:fs';
import { afterEach } from 'vitest';
import { type OpenaiUpstreamOptions, openaiUpstream } from '../../lib/adapters/openai-upstream.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { Fault } from '../../lib/errors.ts';
import type { Upstream, UpstreamEvent, UpstreamRequest } from '../../lib/ports.ts';
import { type Exchange, type RawUpstream, startRawUpstream } from '../fixtures/raw-upstream.ts';

const started: RawUpstream[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

/** A raw server, ended after the test, and an upstream adapter that speaks to it. */
export const serve = async (
  answer: (exchange: Exchange, nth: number) => unknown,
  options: Partial<OpenaiUpstreamOptions> = {},
): Promise<{ server: RawUpstream; upstream: Upstream }> => {
  const server = await startRawUpstream(answer);
  started.push(server);
  return { server, upstream: upstreamAt(server.baseUrl, options) };
};

export const upstreamAt = (
  baseUrl: string,
  options: Partial<OpenaiUpstreamOptions> = {},
): Upstream =>
  openaiUpstream({
    name: 'raw',
    baseUrl,
    apiKey: async () => 'sk-test-1234567890',
    defaultModel: 'plain-1',
    clock: systemClock(),
    ...options,
  });

export const question: UpstreamRequest = {
  model: 'plain-1',
  messages: [{ role: 'user', content: 'Where are you?' }],
};

export type Outcome = {
  readonly text: string;
  readonly events: readonly UpstreamEvent[];
  readonly finished: Extract<UpstreamEvent, { kind: 'finished' }> | undefined;
  readonly thrown: unknown;
};

/** Runs a generation to its end, whichever that is. */
export const outcomeOf = async (
  upstream: Upstream,
  request: UpstreamRequest = question,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> => {
  const events: UpstreamEvent[] = [];
  let thrown: unknown;
  try {
    for await (const event of upstream.generate(request, signal)) events.push(event);
  } catch (error) {
    thrown = error;
  }
  const text = events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
  return { text, events, finished: events.find((event) => event.kind === 'finished'), thrown };
};

/** The fault a generation ended with; fails the test when it ended otherwise. */
export const faultOf = async (upstream: Upstream, request = question): Promise<Fault> => {
  const { thrown } = await outcomeOf(upstream, request);
  if (thrown instanceof Fault) return thrown;
  throw new Error('The generation did not end with a fault.', { cause: thrown });
};

export const recorded = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/streams/${name}`, import.meta.url));

export const plainText = 'Grüße aus 東京 👩‍🚀\n!';
