import { Fault } from '../errors.ts';
import type { Clock } from '../ports/system.ts';
import { type OpenaiConnection, openaiClients } from './openai-client.ts';
import { cut, malformed, upstreamFault } from './openai-faults.ts';

/** One request to the upstream, or a few in a row. */
export type Exchange = OpenaiConnection & {
  /** Aborts with the caller's signal, and when the exchange is closed. */
  readonly signal: AbortSignal;
  readonly close: () => void;
};

/** What a request for a stream brought: the stream, or the whole answer in its place. */
export type Answer = { readonly events: AsyncIterable<unknown> } | { readonly whole: unknown };

type Received = {
  withResponse(): Promise<{ data: AsyncIterable<unknown>; response: Response }>;
};

/** Throws Fault `upstream_malformed` for a page, and what the SDK throws. */
export const receive = async (sent: Received): Promise<Answer> => {
  const { data, response } = await sent.withResponse();
  const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (mediaType === 'text/html') throw malformed(undefined);
  // Servers that know no streaming ignore the wish for it.
  return mediaType === 'application/json' ? { whole: await response.json() } : { events: data };
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

type Options = {
  readonly baseUrl?: string;
  readonly apiKey: () => Promise<string | undefined>;
  readonly clock: Clock;
};

/**
 * Exchanges with one upstream. Whatever a talk throws leaves it as a Fault, or as the signal's reason
 * once that aborts, and closes the connection; ending the iteration of `stream` leaves that to the talk.
 */
export const openaiExchanges = (options: Options) => {
  const { clock } = options;
  const connect = openaiClients(options);

  async function* stream<T>(
    signal: AbortSignal,
    talk: (exchange: Exchange) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    signal.throwIfAborted();
    const connection = new AbortController();
    const close = () => connection.abort();
    signal.addEventListener('abort', close, { once: true });
    try {
      const to = await connect(await readKey(options.apiKey));
      try {
        for await (const said of talk({ ...to, signal: connection.signal, close })) {
          signal.throwIfAborted();
          yield said;
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

  const once = async <T>(
    signal: AbortSignal,
    talk: (exchange: Exchange) => Promise<T>,
  ): Promise<T> => {
    async function* only(exchange: Exchange) {
      yield await talk(exchange);
    }
    for await (const said of stream(signal, only)) return said;
    throw cut(undefined);
  };

  return { stream, once };
};
