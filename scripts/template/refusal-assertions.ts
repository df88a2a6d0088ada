import * as z from 'zod';
import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import { type Resource, resourcesOf, type Template } from './template.ts';

/**
 * Every refusal that API Gateway can answer by itself, with the status of ours; undefined keeps
 * API Gateway's. The list is that of "Gateway response types", API Gateway Developer Guide.
 */
const expectedStatuses = new Map([
  ['DEFAULT_4XX', undefined],
  ['DEFAULT_5XX', undefined],
  ['ACCESS_DENIED', '401'],
  ['API_CONFIGURATION_ERROR', '500'],
  ['AUTHORIZER_CONFIGURATION_ERROR', '503'],
  ['AUTHORIZER_FAILURE', '503'],
  ['BAD_REQUEST_BODY', '400'],
  ['BAD_REQUEST_PARAMETERS', '400'],
  ['EXPIRED_TOKEN', '401'],
  ['INTEGRATION_FAILURE', '502'],
  ['INTEGRATION_TIMEOUT', '503'],
  ['INVALID_API_KEY', '401'],
  ['INVALID_SIGNATURE', '401'],
  ['MISSING_AUTHENTICATION_TOKEN', '404'],
  ['QUOTA_EXCEEDED', '429'],
  ['REQUEST_TOO_LARGE', '413'],
  ['RESOURCE_NOT_FOUND', '404'],
  ['THROTTLED', '429'],
  ['UNAUTHORIZED', '401'],
  ['UNSUPPORTED_MEDIA_TYPE', '415'],
  ['WAF_FILTERED', '403'],
]);

/** The API's error shape, strictly: what OpenAI's clients read. */
const errorSchema = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1),
    type: z.enum(['invalid_request_error', 'rate_limit_error', 'server_error']),
    param: z.null(),
    code: z.string().min(1),
  }),
});

function refusalsOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::ApiGateway::GatewayResponse');
}

function typeOf(refusal: Resource): string {
  return String(refusal.get('ResponseType'));
}

function headerOf(refusal: Resource, name: string): unknown {
  const headers = z.record(z.string(), z.unknown()).safeParse(refusal.get('ResponseParameters'));
  return headers.data?.[`gatewayresponse.header.${name}`];
}

/** The body as sent, with the one variable that our templates use filled in as the gateway does. */
function bodyOf(refusal: Resource): unknown {
  const templates = z.record(z.string(), z.string()).safeParse(refusal.get('ResponseTemplates'));
  const text = templates.data?.['application/json'] ?? '';
  try {
    return JSON.parse(text.replace('$context.error.messageString', '"a message"'));
  } catch {
    return undefined;
  }
}

export const refusalAssertions: Assertion[] = [
  {
    promise: 'every refusal of the gateway is ours, and says 401, 404, 413, 429 where it must',
    violations: (template) => [
      ...mustEqual(
        'the list of refusals',
        refusalsOf(template).map(typeOf).sort(),
        [...expectedStatuses.keys()].sort(),
      ),
      ...refusalsOf(template).flatMap((refusal) =>
        mustEqual(
          `${refusal.id} status`,
          refusal.get('StatusCode') ?? 'kept',
          expectedStatuses.get(typeOf(refusal)) ?? 'kept',
        ),
      ),
    ],
  },
  {
    promise: 'every refusal has the error shape of the API',
    violations: (template) =>
      refusalsOf(template).flatMap((refusal) =>
        mustHold(
          errorSchema.safeParse(bodyOf(refusal)).success,
          `${refusal.id} answers ${JSON.stringify(bodyOf(refusal)) ?? 'no JSON'}`,
        ),
      ),
  },
  {
    promise: 'a refused key is told so in the words of the OpenAI API',
    violations: (template) =>
      refusalsOf(template)
        .filter((refusal) => refusal.get('StatusCode') === '401')
        .flatMap((refusal) => {
          const body = errorSchema.safeParse(bodyOf(refusal)).data?.error;
          return [
            ...mustEqual(`${refusal.id} code`, body?.code, 'invalid_api_key'),
            ...mustEqual(`${refusal.id} type`, body?.type, 'invalid_request_error'),
          ];
        }),
  },
  {
    promise: 'every refusal carries its request id, and Retry-After where another try may succeed',
    violations: (template) =>
      refusalsOf(template).flatMap((refusal) => {
        const status = String(refusal.get('StatusCode'));
        const mustTellWhen = status === '429' || status === '503';
        return [
          ...mustHold(
            headerOf(refusal, 'x-request-id') === 'context.requestId',
            `${refusal.id} has no x-request-id`,
          ),
          ...mustHold(
            !mustTellWhen || /^'\d+'$/.test(String(headerOf(refusal, 'Retry-After'))),
            `${refusal.id} does not say when to try again`,
          ),
        ];
      }),
  },
  {
    promise: 'browsers may read a refusal only where CORS_ORIGINS names an origin',
    violations: (template) =>
      refusalsOf(template).flatMap((refusal) =>
        mustHold(
          JSON.stringify(headerOf(refusal, 'Access-Control-Allow-Origin')) ===
            JSON.stringify({ 'Fn::If': ['HasCorsOrigins', "'*'", { Ref: 'AWS::NoValue' }] }),
          `${refusal.id} does not follow CORS_ORIGINS`,
        ),
      ),
  },
];
