import { afterEach } from 'vitest';
import { type OpenaiServerOptions, openaiServer } from '../../lib/adapters/openai-server.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { UpstreamServer } from '../../lib/ports/upstreams.ts';
import type { JsonObject, UpstreamCall } from '../../lib/wire/production.ts';
import { type Exchange, type RawUpstream, startRawUpstream } from '../fixtures/raw-upstream.ts';

const started: RawUpstream[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

export const serverAt = (
  baseUrl: string,
  options: Partial<OpenaiServerOptions> = {},
): UpstreamServer =>
  openaiServer({
    name: 'raw',
    baseUrl,
    apiKey: async () => 'sk-test-1234567890',
    protocol: 'responses',
    background: 'auto',
    clock: systemClock(),
    ...options,
  });

/** A raw server, ended after the test, and an upstream that speaks to it. */
export const serve = async (
  answer: (exchange: Exchange, nth: number) => unknown,
  options: Partial<OpenaiServerOptions> = {},
): Promise<{ raw: RawUpstream; upstream: UpstreamServer }> => {
  const raw = await startRawUpstream(answer);
  started.push(raw);
  return { raw, upstream: serverAt(raw.baseUrl, options) };
};

export const chatCall = (more: JsonObject = {}): UpstreamCall => ({
  protocol: 'chat',
  body: { model: 'plain-1', messages: [{ role: 'user', content: 'Where are you?' }], ...more },
});

export const responsesCall = (more: JsonObject = {}): UpstreamCall => ({
  protocol: 'responses',
  body: { model: 'plain-1', input: 'Where are you?', ...more },
});

export const noSignal = new AbortController().signal;

/** Everything that came until the end, and what was thrown there. */
export const outcomeOf = async (
  events: AsyncIterable<JsonObject>,
): Promise<{ readonly events: readonly JsonObject[]; readonly thrown: unknown }> => {
  const seen: JsonObject[] = [];
  try {
    for await (const event of events) seen.push(event);
  } catch (thrown) {
    return { events: seen, thrown };
  }
  return { events: seen, thrown: undefined };
};

/** What a promise is rejected with; undefined when it is not. */
export const thrownBy = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  return undefined;
};

export const sse = (...events: readonly (JsonObject | string)[]): string =>
  events
    .map((event) => {
      if (typeof event === 'string') return `data: ${event}\n\n`;
      const { type } = event;
      const name = typeof type === 'string' ? `event: ${type}\n` : '';
      return `${name}data: ${JSON.stringify(event)}\n\n`;
    })
    .join('');

/** The method and target of a request. */
export const requestLine = (exchange: Exchange | undefined): string | undefined =>
  exchange?.headers.split(' HTTP/')[0];
