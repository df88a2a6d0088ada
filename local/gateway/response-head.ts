import type { ServerResponse } from 'node:http';
import type { GatewayRequest } from './gateway-request.ts';

/** Headers of a response with all their values. */
export type ResponseHeaders = readonly (readonly [name: string, values: readonly string[]])[];

// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
const droppedHeaders = new Set(['keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
const remappedHeaders = new Set([
  'connection',
  'content-length',
  'date',
  'server',
  'www-authenticate',
]);

/**
 * Sets the status and headers of a function's response as API Gateway passes them on. Throws when
 * the status or a header is not valid HTTP; nothing has been sent then.
 */
export function setResponseHead(
  response: ServerResponse,
  request: GatewayRequest,
  statusCode: number,
  headers: ResponseHeaders,
): void {
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw new RangeError(`${statusCode} is not a status of a response`);
  }
  response.statusCode = statusCode;
  response.setHeader('Content-Type', 'application/json');
  for (const [name, values] of headers) {
    const lowerCaseName = name.toLowerCase();
    if (droppedHeaders.has(lowerCaseName)) continue;
    const sentName = remappedHeaders.has(lowerCaseName) ? `x-amzn-Remapped-${name}` : name;
    response.setHeader(sentName, values.length === 1 ? (values[0] ?? '') : [...values]);
  }
  setRequestIds(response, request);
}

/** Sets the two identifiers that API Gateway gives every response. */
export function setRequestIds(response: ServerResponse, request: GatewayRequest): void {
  response.setHeader('x-amzn-RequestId', request.requestId);
  response.setHeader('x-amz-apigw-id', request.extendedRequestId);
}
