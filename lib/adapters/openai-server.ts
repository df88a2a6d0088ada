import { firstEventReasoningMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import { isJsonObject, stringOf, without } from '../wire/json-object.ts';
import type { JsonObject, Protocol, UpstreamCall } from '../wire/production.ts';
import { chatChunks } from '../wire/whole-answer/chat-chunks.ts';
import { readAnswer } from './openai-answer.ts';
import { chatEvents } from './openai-chat-events.ts';
import {
  adaptDialect,
  dialectMemory,
  firstDialect,
  inDialect,
  isFieldRefusal,
} from './openai-dialect.ts';
import { readErrorBody } from './openai-error-body.ts';
import { type Answer, type Exchange, openaiExchanges, receive } from './openai-exchange.ts';
import { eventFault, malformed } from './openai-faults.ts';
import { responseEvents } from './openai-response-events.ts';
import { lookUp, storedResponses } from './openai-responses.ts';
import { type SilenceLimits, silenceLimits, within } from './openai-silence.ts';
import { wholeResponseEvents } from './openai-whole-response.ts';

export type OpenaiServerOptions = {
  readonly name: string;
  /** OpenAI's own when absent. */
  readonly baseUrl?: string;
  /** Asked for at each request; undefined for servers that need none. */
  readonly apiKey: () => Promise<string | undefined>;
  readonly protocol: Protocol;
  /** `auto`: background mode is used until the server refuses it. */
  readonly background: 'auto' | 'never';
  readonly clock: Clock;
} & Partial<SilenceLimits>;

const paths = { chat: '/chat/completions', responses: '/responses' } as const;

const ask = async (
  { client, signal }: Exchange,
  path: string,
  body: JsonObject,
): Promise<Answer> =>
  body['stream'] === true
    ? receive(client.post<AsyncIterable<unknown>>(path, { body, signal, stream: true }))
    : { whole: await client.post<unknown>(path, { body, signal }) };

async function* chunksOf(completion: unknown, nowMs: number): AsyncGenerator<JsonObject> {
  if (!isJsonObject(completion)) throw malformed(undefined);
  if (completion['error']) throw eventFault(completion['error'], nowMs);
  yield* chatChunks(completion);
}

const withoutBackground = (call: UpstreamCall): UpstreamCall => ({
  ...call,
  body: without(call.body, 'background'),
});

/**
 * A server of OpenAI's APIs, through the `openai` SDK, which is loaded with the first request. One
 * request a generation, but for a server that refuses one of our fields: it is asked again without
 * it, and what it takes is remembered, `background` for the server and the rest for the model.
 */
export const openaiServer = (options: OpenaiServerOptions): UpstreamServer => {
  const { clock, protocol } = options;
  const exchanges = openaiExchanges(options);
  const dialects = dialectMemory(firstDialect(options.baseUrl));
  let backgroundRefused = false;
  const isAdoptable = () =>
    protocol === 'responses' && options.background === 'auto' && !backgroundRefused;

  const begin = async (exchange: Exchange, given: UpstreamCall, limits: SilenceLimits) => {
    const sinceMs = clock.nowMs();
    let call = given.protocol === 'chat' || isAdoptable() ? given : withoutBackground(given);
    let refusesBackground = false;
    for (let dialect = dialects.recall(call); ; ) {
      // Nothing is heard of an answer that is not streamed before it is whole.
      const limitMs = dialect.streams
        ? limits.firstEventMs
        : (options.firstEventMs ?? firstEventReasoningMs);
      const first = { sinceMs, limitMs };
      try {
        const sent = ask(exchange, paths[call.protocol], inDialect(call, dialect));
        const answer = await within(clock, first, sent);
        dialects.remember(call, dialect);
        if (refusesBackground) backgroundRefused = true;
        return { answer, first };
      } catch (thrown) {
        if (!(thrown instanceof exchange.sdk.APIError)) throw thrown;
        if (thrown.status === undefined || !isFieldRefusal(thrown.status)) throw thrown;
        const error = readErrorBody(thrown.error) ?? {};
        const adapted = adaptDialect(dialect, call, error);
        if (adapted !== undefined) dialect = adapted;
        else if (error.param === 'background' && call.body['background'] === true) {
          call = withoutBackground(call);
          refusesBackground = true;
        } else throw thrown;
      }
    }
  };

  async function* talk(exchange: Exchange, call: UpstreamCall, signal: AbortSignal) {
    const limits = silenceLimits(stringOf(call.body['model']), options);
    const { answer, first } = await begin(exchange, call, limits);
    if (call.protocol === 'chat') {
      const chunks = 'whole' in answer ? chunksOf(answer.whole, clock.nowMs()) : answer.events;
      const asked = call.body['n'];
      yield* chatEvents(readAnswer(chunks, clock, exchange.close), {
        clock,
        choices: typeof asked === 'number' ? asked : 1,
        first,
        betweenEventsMs: limits.betweenEventsMs,
      });
      // What goes wrong after the finish reasons is passed over there, but this is the caller's will.
      signal.throwIfAborted();
    } else if ('whole' in answer) {
      const look = (upstreamId: string) => lookUp(exchange, upstreamId, options);
      yield* wholeResponseEvents(answer.whole, { clock, signal: exchange.signal, look });
    } else {
      const events = readAnswer(answer.events, clock, exchange.close);
      yield* responseEvents(events, { clock, limits, first });
    }
  }

  return {
    name: options.name,
    protocol,
    get adoptable() {
      return isAdoptable();
    },
    open: (call, signal) => exchanges.stream(signal, (exchange) => talk(exchange, call, signal)),
    ...storedResponses(exchanges, options),
  };
};
