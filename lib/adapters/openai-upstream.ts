import { Fault } from '../errors.ts';
import { firstEventReasoningMs } from '../limits.ts';
import type { Clock, Upstream, UpstreamEvent, UpstreamRequest } from '../ports.ts';
import { type OpenaiConnection, openaiClients } from './openai-client.ts';
import {
  adaptDialect,
  type Dialect,
  dialectMemory,
  firstDialect,
  requestBody,
} from './openai-dialect.ts';
import { readErrorBody } from './openai-error-body.ts';
import { readEvents, type SilenceLimits, silenceLimits, within } from './openai-events.ts';
import { malformed, upstreamFault } from './openai-faults.ts';

export type OpenaiUpstreamOptions = {
  readonly name: string;
  /** OpenAI's own when absent. */
  readonly baseUrl?: string;
  /** Asked for at each generation; undefined for servers that need none. */
  readonly apiKey: () => Promise<string | undefined>;
  readonly defaultModel: string;
  readonly clock: Clock;
} & Partial<SilenceLimits>;

async function* only(value: unknown): AsyncGenerator<unknown> {
  yield value;
}

/** The answer to one request as the events it consists of; one that is not streamed is one event. */
const ask = async (
  { client }: OpenaiConnection,
  request: UpstreamRequest,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<AsyncIterable<unknown>> => {
  const body = requestBody(request, dialect);
  if (!dialect.streams) return only(await client.post('/chat/completions', { body, signal }));
  const { data, response } = await client
    .post<AsyncIterable<unknown>>('/chat/completions', { body, signal, stream: true })
    .withResponse();
  const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (mediaType === 'text/html') throw malformed(undefined);
  // Servers that know no streaming ignore the wish for it.
  return mediaType === 'application/json' ? only(await response.json()) : data;
};

const readKey = async (apiKey: () => Promise<string | undefined>): Promise<string | undefined> => {
  try {
    return await apiKey();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('upstream_unavailable', "The upstream's key cannot be read at the moment.", {
      retry: { kind: 'later', afterMs: 0 },
      cause,
    });
  }
};

/**
 * A server of OpenAI's chat completions API, through the `openai` SDK, which is loaded with the
 * first generation. One request a generation, but for a server that refuses one of our fields: it is
 * asked again without it, and what it takes is remembered for the model.
 */
export const openaiUpstream = (options: OpenaiUpstreamOptions): Upstream => {
  const { clock } = options;
  const connect = openaiClients(options);
  const dialects = dialectMemory(firstDialect(options.baseUrl));

  const open = async (to: OpenaiConnection, request: UpstreamRequest, signal: AbortSignal) => {
    const limits = silenceLimits(request.model, options);
    const sinceMs = clock.nowMs();
    for (let dialect = dialects.recall(request.model); ; ) {
      // Nothing is heard of an answer that is not streamed before it is whole.
      const limitMs = dialect.streams
        ? limits.firstEventMs
        : (options.firstEventMs ?? firstEventReasoningMs);
      const first = { sinceMs, limitMs };
      try {
        const answer = await within(clock, first, ask(to, request, dialect, signal));
        dialects.remember(request.model, dialect);
        return { answer, first, betweenEventsMs: limits.betweenEventsMs };
      } catch (thrown) {
        if (!(thrown instanceof to.sdk.APIError) || thrown.status === undefined) throw thrown;
        const error = readErrorBody(thrown.error) ?? {};
        const adapted = adaptDialect(dialect, request, thrown.status, error);
        if (adapted === undefined) throw thrown;
        dialect = adapted;
      }
    }
  };

  async function* generate(
    request: UpstreamRequest,
    signal: AbortSignal,
  ): AsyncGenerator<UpstreamEvent> {
    signal.throwIfAborted();
    const connection = new AbortController();
    const close = () => connection.abort();
    signal.addEventListener('abort', close, { once: true });
    try {
      const to = await connect(await readKey(options.apiKey));
      try {
        const { answer, ...silences } = await open(to, request, connection.signal);
        const reading = { clock, model: request.model, ...silences, close };
        for await (const event of readEvents(answer, reading)) {
          signal.throwIfAborted();
          yield event;
        }
      } catch (thrown) {
        close();
        signal.throwIfAborted();
        throw upstreamFault(to.sdk, thrown, clock.nowMs());
      }
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  return { name: options.name, defaultModel: options.defaultModel, generate };
};
