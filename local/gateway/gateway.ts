import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { LocalLambda } from '../lambda/lambda.ts';
import type { Api } from '../template/api.ts';
import { createAuthorize } from './authorize.ts';
import type { Exchange } from './context-variables.ts';
import { gatewayRequest } from './gateway-request.ts';
import { integrate } from './integrate.ts';
import { matchRoute, type RouteMatch } from './match-route.ts';
import { proxyEvent } from './proxy-event.ts';
import { readBody } from './read-body.ts';
import type { Refusal } from './refusal.ts';
import { renderRefusal } from './render-refusal.ts';
import { setRequestIds } from './response-head.ts';

// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * Answers requests as the REST API of the template does: route, authorizer, body, function. What it
 * cannot pass on is refused with the template's gateway responses. It never throws.
 */
export function createGateway(
  api: Api,
  lambda: Pick<LocalLambda, 'invoke' | 'invokeStreaming'>,
  onFault: (fault: unknown) => void,
): RequestListener {
  const authorize = createAuthorize(api, lambda);

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = gatewayRequest(incoming, Date.now());
    const exchange: Exchange = { api, request, match: undefined, authorizer: undefined };
    const refuse = (refusal: Refusal) => sendRefusal(response, exchange, refusal);
    try {
      const match = findRoute(exchange);
      if (match === undefined) return refuse({ type: 'MISSING_AUTHENTICATION_TOKEN' });
      if (match === 'malformed') return refuse({ type: 'BAD_REQUEST_PARAMETERS' });
      exchange.match = match;

      const authorization = await authorize(match.route.authorizerId, request);
      exchange.authorizer = authorization.context;
      if (authorization.kind === 'refused') return refuse(authorization.refusal);

      const reading = await readBody(incoming, maxBodyBytes);
      if (reading.kind === 'cut') return;
      if (reading.kind === 'too-large') return refuse({ type: 'REQUEST_TOO_LARGE' });
      const event = proxyEvent({ ...exchange, match }, reading.body);
      const refusal = await integrate(lambda, { ...exchange, match }, event, response);
      if (refusal !== undefined) refuse(refusal);
    } catch (fault) {
      onFault(fault);
      refuse({ type: 'API_CONFIGURATION_ERROR' });
    }
  }

  return (incoming, response) => void answer(incoming, response);
}

function findRoute({ api, request }: Exchange): RouteMatch | 'malformed' | undefined {
  try {
    return matchRoute(api.routes, request.method, request.path);
  } catch (fault) {
    if (fault instanceof URIError) return 'malformed';
    throw fault;
  }
}

function sendRefusal(response: ServerResponse, exchange: Exchange, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const { statusCode, headers, body } = renderRefusal(refusal, exchange);
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  setRequestIds(response, exchange.request);
  response.end(body);
}
