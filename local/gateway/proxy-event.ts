import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { type Exchange, requestTime } from './context-variables.ts';
import { type GatewayRequest, headerValue } from './gateway-request.ts';
import type { RouteMatch } from './match-route.ts';

// What concerns one connection stays with it:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
const droppedHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The event of a Lambda proxy integration, payload version 1.0:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function proxyEvent(
  exchange: Exchange & { match: RouteMatch },
  body: Buffer,
): APIGatewayProxyEvent {
  const { request, match, api } = exchange;
  const headers = forwardedHeaders(request);
  const query = [...request.query];
  const isBase64Encoded = isBinary(api.binaryMediaTypes, headerValue(request, 'content-type'));
  return {
    resource: match.route.path,
    path: request.path,
    httpMethod: request.method,
    headers: Object.fromEntries(headers),
    multiValueHeaders: grouped(headers),
    queryStringParameters: query.length === 0 ? null : Object.fromEntries(query),
    multiValueQueryStringParameters: query.length === 0 ? null : grouped(query),
    pathParameters: Object.keys(match.pathParameters).length === 0 ? null : match.pathParameters,
    stageVariables: null,
    requestContext: requestContext(exchange),
    body: body.length === 0 ? null : body.toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded,
  };
}

function requestContext(
  exchange: Exchange & { match: RouteMatch },
): APIGatewayProxyEvent['requestContext'] {
  const { api, request, match, authorizer } = exchange;
  const host = headerValue(request, 'host') ?? 'localhost';
  return {
    accountId: api.accountId,
    apiId: api.id,
    authorizer,
    domainName: host,
    domainPrefix: host.split('.')[0],
    extendedRequestId: request.extendedRequestId,
    httpMethod: request.method,
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp: request.sourceIp,
      user: null,
      userAgent: headerValue(request, 'user-agent') ?? null,
      userArn: null,
    },
    // As behind a custom domain mapped to the stage: without the stage's name.
    path: request.path,
    protocol: request.protocol,
    requestId: request.requestId,
    requestTime: requestTime(request.receivedAtMs),
    requestTimeEpoch: request.receivedAtMs,
    resourceId: match.route.resourceId,
    resourcePath: match.route.path,
    stage: api.stage,
  };
}

function forwardedHeaders(request: GatewayRequest): [string, string][] {
  const kept = request.headers.filter(([name]) => !droppedHeaders.has(name.toLowerCase()));
  const others = kept.filter(
    ([name]) => !/^x-(?:forwarded-(?:for|port|proto)|amzn-trace-id)$/i.test(name),
  );
  const forwardedFor = kept.filter(([name]) => name.toLowerCase() === 'x-forwarded-for');
  const port = /:(\d+)$/.exec(headerValue(request, 'host') ?? '')?.[1] ?? '80';
  const second = Math.floor(request.receivedAtMs / 1000).toString(16);
  return [
    ...others,
    ['X-Amzn-Trace-Id', `Root=1-${second}-${randomBytes(12).toString('hex')}`],
    ['X-Forwarded-For', [...forwardedFor.map(([, value]) => value), request.sourceIp].join(', ')],
    ['X-Forwarded-Port', port],
    ['X-Forwarded-Proto', 'http'],
  ];
}

function grouped(pairs: readonly [string, string][]): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
function isBinary(binaryMediaTypes: readonly string[], contentType: string | undefined): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return binaryMediaTypes.some((binary) => {
    if (binary === '*/*') return true;
    if (type === undefined) return false;
    return binary.endsWith('/*') ? type.startsWith(binary.slice(0, -1)) : type === binary;
  });
}
