import type { CustomGatewayResponse } from '../template/gateway-responses.ts';
import { contextVariables, type Exchange } from './context-variables.ts';
import { headerValue } from './gateway-request.ts';
import { type Refusal, refusals } from './refusal.ts';

/** A refusal as it is sent. */
export type RenderedRefusal = { statusCode: number; headers: Record<string, string>; body: string };

const defaultTemplate = '{"message":$context.error.messageString}';

/**
 * A refusal rendered by the template's gateway response for its type, else by the one for its
 * status class, else as API Gateway does by itself. A header whose variable has no value is left
 * out; in a body it is empty.
 */
export function renderRefusal(refusal: Refusal, exchange: Exchange): RenderedRefusal {
  const [statusCode, message] = refusals[refusal.type];
  const ownStatus = refusal.statusCode ?? statusCode;
  const custom = customResponse(exchange, refusal, ownStatus);
  const ownMessage = refusal.message ?? message;
  const variables = contextVariables(exchange)
    .set('error.message', ownMessage)
    .set('error.messageString', JSON.stringify(ownMessage))
    .set('error.responseType', refusal.type);
  const [contentType, template] = chosenTemplate(custom);
  const headers = Object.entries(custom?.headers ?? {}).flatMap(([name, mapping]) => {
    const value = mappedValue(mapping, variables, exchange);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    statusCode: custom?.statusCode ?? ownStatus,
    headers: { 'Content-Type': contentType, ...Object.fromEntries(headers) },
    body: fill(template, variables),
  };
}

function customResponse(
  { api }: Exchange,
  { type }: Refusal,
  statusCode: number,
): CustomGatewayResponse | undefined {
  const classDefault = statusCode < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  return api.gatewayResponses.get(type) ?? api.gatewayResponses.get(classDefault);
}

function chosenTemplate(custom: CustomGatewayResponse | undefined): [string, string] {
  const templates = custom?.templates ?? {};
  const json = templates['application/json'];
  if (json !== undefined) return ['application/json', json];
  return Object.entries(templates)[0] ?? ['application/json', defaultTemplate];
}

// Simple substitution is all that a gateway response may do:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
function fill(template: string, variables: ReadonlyMap<string, string>): string {
  return template.replace(
    /\$(context|stageVariables)\.([\w-]+(?:\.[\w-]+)*)/g,
    (_whole, namespace, name) =>
      (namespace === 'context' ? variables.get(String(name)) : undefined) ?? '',
  );
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
function mappedValue(
  mapping: string,
  variables: ReadonlyMap<string, string>,
  { request, match }: Exchange,
): string | undefined {
  const literal = /^'(.*)'$/s.exec(mapping);
  if (literal !== null) return literal[1];
  const [, source = '', name = ''] = /^(context|method\.request\.\w+)\.(.+)$/s.exec(mapping) ?? [];
  const sources: Record<string, () => string | undefined> = {
    context: () => variables.get(name),
    'method.request.header': () => headerValue(request, name.toLowerCase()),
    'method.request.querystring': () => request.query.getAll(name).at(-1),
    'method.request.path': () => match?.pathParameters[name],
  };
  return sources[source]?.();
}
