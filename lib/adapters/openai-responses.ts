import { Fault } from '../errors.ts';
import type { Clock } from '../ports/system.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import { isJsonObject, objectsOf } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import { readAnswer } from './openai-answer.ts';
import type { Exchange, openaiExchanges } from './openai-exchange.ts';
import { receive } from './openai-exchange.ts';
import { lost, malformed } from './openai-faults.ts';
import { isEnding, responseEvents } from './openai-response-events.ts';
import { type SilenceLimits, silenceLimits, within } from './openai-silence.ts';
import { readResponse } from './openai-whole-response.ts';

/** How long an answer may take that no model has to think about. */
const lookupMs = 20_000;

const pathOf = (upstreamId: string): string => `/responses/${encodeURIComponent(upstreamId)}`;

const statusOf = ({ sdk }: Exchange, thrown: unknown): number | undefined =>
  thrown instanceof sdk.APIError ? thrown.status : undefined;

/**
 * It is gone, was never kept, cannot be streamed, or the server knows no such request. OpenAI answers
 * 400 for a stream asked for more than 5 minutes after the start (openai-python, issue 2828; read
 * 2026-11).
 */
const lostStatuses: readonly (number | undefined)[] = [400, 404, 405, 410, 422, 501];
/** It has ended, is gone, or was never in the background: vLLM answers 400 for the first, others 409. */
const uncancellableStatuses: readonly (number | undefined)[] = [400, 404, 405, 409, 410];

const orLost = async <T>(exchange: Exchange, sent: Promise<T>): Promise<T> => {
  try {
    return await sent;
  } catch (thrown) {
    throw lostStatuses.includes(statusOf(exchange, thrown)) ? lost(thrown) : thrown;
  }
};

type Options = { readonly clock: Clock } & Partial<SilenceLimits>;

/** The response as it is now. */
export const lookUp = async (
  exchange: Exchange,
  upstreamId: string,
  { clock, firstEventMs }: Options,
): Promise<JsonObject> => {
  const { client, signal } = exchange;
  const silence = { sinceMs: clock.nowMs(), limitMs: firstEventMs ?? lookupMs };
  const sent = client.get<unknown>(pathOf(upstreamId), { signal });
  return readResponse(await within(clock, silence, orLost(exchange, sent)), clock.nowMs());
};

/** The events after `startingAfter`, from a server that gives them all too. */
async function* later(
  events: AsyncIterable<JsonObject>,
  startingAfter: number | undefined,
): AsyncGenerator<JsonObject> {
  let seen = false;
  try {
    for await (const event of events) {
      seen = true;
      const position = event['sequence_number'];
      const isEarlier = typeof position === 'number' && position <= (startingAfter ?? -1);
      if (!isEarlier || isEnding(event)) yield event;
    }
  } catch (thrown) {
    // The stream ended properly and had nothing: it cannot be had from there.
    throw !seen && thrown instanceof Fault && thrown.code === 'upstream_cut'
      ? lost(thrown)
      : thrown;
  }
}

/** What can be done with generations that go on in the background, and the list of models. */
export const storedResponses = (
  exchanges: ReturnType<typeof openaiExchanges>,
  options: Options,
): Pick<UpstreamServer, 'resume' | 'retrieve' | 'cancel' | 'models'> => {
  const { clock } = options;
  const limits = silenceLimits(undefined, options);
  const lookupSilence = () => ({
    sinceMs: clock.nowMs(),
    limitMs: options.firstEventMs ?? lookupMs,
  });

  return {
    resume: (upstreamId, startingAfter, signal) =>
      exchanges.stream(signal, async function* (exchange) {
        const first = { sinceMs: clock.nowMs(), limitMs: limits.firstEventMs };
        const sent = exchange.client.get<AsyncIterable<unknown>>(pathOf(upstreamId), {
          query: { stream: true, starting_after: startingAfter },
          stream: true,
          signal: exchange.signal,
        });
        const answer = await within(clock, first, orLost(exchange, receive(sent)));
        if ('whole' in answer) throw lost(undefined);
        const events = readAnswer(answer.events, clock, exchange.close);
        yield* later(responseEvents(events, { clock, limits, first }), startingAfter);
      }),

    retrieve: (upstreamId, signal) =>
      exchanges.once(signal, (exchange) => lookUp(exchange, upstreamId, options)),

    cancel: (upstreamId, signal) =>
      exchanges.once(signal, async (exchange) => {
        const path = `${pathOf(upstreamId)}/cancel`;
        const sent = exchange.client.post<unknown>(path, { signal: exchange.signal });
        try {
          await within(clock, lookupSilence(), sent);
        } catch (thrown) {
          if (!uncancellableStatuses.includes(statusOf(exchange, thrown))) throw thrown;
        }
      }),

    models: (signal) =>
      exchanges.once(signal, async ({ client, signal: asked }) => {
        const sent = client.get<unknown>('/models', { signal: asked });
        const list = await within(clock, lookupSilence(), sent);
        const models = isJsonObject(list) ? list['data'] : list;
        if (!Array.isArray(models)) throw malformed(undefined);
        return objectsOf(models);
      }),
  };
};
