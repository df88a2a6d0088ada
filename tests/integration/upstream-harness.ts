import { readFileSync } from 'node:fs';
import { afterEach } from 'vitest';
import { type OpenaiServerOptions, openaiServer } from '../../lib/adapters/openai-server.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { Fault } from '../../lib/errors.ts';
import type { Usage } from '../../lib/job/job.ts';
import { generateToChat } from '../../lib/wire/chat/generate-call.ts';
import { generateReader } from '../../lib/wire/chat/generate-reader.ts';
import { type FinalGeneration, parseFinalGeneration } from '../../lib/wire/final-generation.ts';
import { type GenerateRequest, parseGenerateRequest } from '../../lib/wire/generate-request.ts';
import type { JsonObject } from '../../lib/wire/production.ts';
import { type Exchange, type RawUpstream, startRawUpstream } from '../fixtures/raw-upstream.ts';

const started: RawUpstream[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

/** Fields of messages that are not ours to know go through. */
export type UpstreamRequest = Omit<GenerateRequest, 'messages'> & {
  readonly model: string;
  readonly messages: readonly JsonObject[];
};

export type UpstreamEvent =
  | { readonly kind: 'started'; readonly model: string }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'finished';
      readonly reason: FinalGeneration['finishReason'];
      readonly usage: Usage | undefined;
    };

/** A chat upstream as a `generate` job sees it: its chunks, read by the reader of that API. */
export type Upstream = {
  generate(request: UpstreamRequest, signal: AbortSignal): AsyncGenerator<UpstreamEvent>;
};

export const upstreamAt = (
  baseUrl: string,
  options: Partial<OpenaiServerOptions> = {},
): Upstream => {
  const server = openaiServer({
    name: 'raw',
    baseUrl,
    apiKey: async () => 'sk-test-1234567890',
    protocol: 'chat',
    background: 'auto',
    clock: systemClock(),
    ...options,
  });
  return {
    async *generate(request, signal) {
      const { messages } = parseGenerateRequest({ messages: request.messages });
      const call = generateToChat({ ...request, messages }, request.model);
      const reader = generateReader(request.model);
      let begun = false;
      for await (const chunk of server.open(call, signal)) {
        const { entries, model } = reader.read(chunk);
        if (!begun) yield { kind: 'started', model: model ?? request.model };
        begun = true;
        for (const text of entries) yield { kind: 'text', text };
      }
      const finish = reader.end();
      if (finish === undefined) throw new Error('The server ended without a finish reason.');
      const { finishReason: reason } = parseFinalGeneration(finish.final);
      yield { kind: 'finished', reason, usage: finish.usage };
    },
  };
};

/** A raw server, ended after the test, and an upstream adapter that speaks to it. */
export const serve = async (
  answer: (exchange: Exchange, nth: number) => unknown,
  options: Partial<OpenaiServerOptions> = {},
): Promise<{ server: RawUpstream; upstream: Upstream }> => {
  const server = await startRawUpstream(answer);
  started.push(server);
  return { server, upstream: upstreamAt(server.baseUrl, options) };
};

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
