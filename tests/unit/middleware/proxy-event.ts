type Fields = Readonly<Record<string, unknown>>;

/** API Gateway's proxy event for `POST /generate` on the stage `dev`; `context` changes its context. */
export const proxyEvent = (fields: Fields = {}, context: Fields = {}): Fields => ({
  resource: '/generate',
  path: '/generate',
  httpMethod: 'POST',
  headers: {
    'Content-Type': 'application/json',
    Host: 'evil.test',
    'X-Forwarded-Host': 'evil.test',
  },
  multiValueHeaders: null,
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  stageVariables: null,
  body: '{"prompt":"hi"}',
  isBase64Encoded: false,
  requestContext: {
    requestId: 'gateway-request',
    domainName: 'abc.execute-api.us-east-1.amazonaws.com',
    path: '/dev/generate',
    stage: 'dev',
    authorizer: {
      principalId: 'acme',
      keyId: 'key_1',
      tenant: 'acme',
      scopes: 'generate read',
      limits: '{"requestsPerMinute":60}',
    },
    ...context,
  },
  ...fields,
});
