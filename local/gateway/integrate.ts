import type { ServerResponse } from 'node:http';
import type { StreamedInvocation } from '../lambda/invocation.ts';
import type { LocalLambda } from '../lambda/lambda.ts';
import { bufferedResponse, mergedHeaders } from './buffered-response.ts';
import type { Exchange } from './context-variables.ts';
import type { RouteMatch } from './match-route.ts';
import type { Refusal } from './refusal.ts';
import { relay } from './relay.ts';
import { setResponseHead } from './response-head.ts';

type RoutedExchange = Exchange & { match: RouteMatch };

/**
 * Calls the function of a route and sends its response, or gives the refusal to send instead. When
 * the time is over the function is left to run, as on AWS.
 */
export async function integrate(
  lambda: Pick<LocalLambda, 'invoke' | 'invokeStreaming'>,
  exchange: RoutedExchange,
  event: object,
  response: ServerResponse,
): Promise<Refusal | undefined> {
  const { functionName, transferMode, timeoutMs } = exchange.match.route;
  const streams = transferMode === 'STREAM';
  const answerMs = streams ? Math.min(timeoutMs, exchange.api.streamIdleMs) : timeoutMs;
  const startedAtMs = performance.now();
  const pending = streams
    ? lambda.invokeStreaming(functionName, event)
    : lambda.invoke(functionName, event);
  const invocation = await within(answerMs, pending);
  if (invocation === undefined) {
    pending.then(discard, () => undefined);
    return { type: 'INTEGRATION_TIMEOUT' };
  }
  if (invocation.kind === 'throttled') return { type: 'INTEGRATION_FAILURE', statusCode: 500 };
  if (invocation.kind === 'error') {
    const tooLarge = invocation.reason === 'request-too-large';
    return { type: tooLarge ? 'REQUEST_TOO_LARGE' : 'INTEGRATION_FAILURE' };
  }
  if (invocation.kind === 'stream') {
    const totalMs = timeoutMs - (performance.now() - startedAtMs);
    return sendStream(invocation, exchange, response, totalMs);
  }
  // A response that is not streamed lacks the prelude that the streaming integration asks for.
  if (streams) return { type: 'INTEGRATION_FAILURE' };
  return sendBuffered(invocation.payload, exchange, response);
}

/** Lets a function whose response nobody takes write it to its end. */
function discard(invocation: StreamedInvocation): void {
  if (invocation.kind !== 'stream') return;
  invocation.body.on('error', () => undefined);
  invocation.body.resume();
}

async function sendStream(
  invocation: StreamedInvocation & { kind: 'stream' },
  { api, request }: RoutedExchange,
  response: ServerResponse,
  totalMs: number,
): Promise<Refusal | undefined> {
  const { prelude, body } = invocation;
  const headers = mergedHeaders(prelude.headers, {
    ...prelude.multiValueHeaders,
    ...(prelude.cookies.length > 0 && { 'Set-Cookie': prelude.cookies }),
  });
  try {
    setResponseHead(response, request, prelude.statusCode, headers);
  } catch {
    discard(invocation);
    return { type: 'INTEGRATION_FAILURE' };
  }
  response.flushHeaders();
  await relay(body, response, { idleMs: api.streamIdleMs, totalMs });
  return undefined;
}

function sendBuffered(
  payload: unknown,
  { api, request }: RoutedExchange,
  response: ServerResponse,
): Refusal | undefined {
  const reply = bufferedResponse(payload, api.binaryMediaTypes);
  if (reply === undefined) return { type: 'INTEGRATION_FAILURE' };
  try {
    setResponseHead(response, request, reply.statusCode, reply.headers);
  } catch {
    return { type: 'INTEGRATION_FAILURE' };
  }
  response.end(reply.body);
  return undefined;
}

async function within<Value>(timeMs: number, value: Promise<Value>): Promise<Value | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, timeMs, undefined);
  try {
    return await Promise.race([value, over]);
  } finally {
    clearTimeout(timer);
  }
}
