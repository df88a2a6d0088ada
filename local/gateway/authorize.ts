import * as z from 'zod';
import type { LocalLambda } from '../lambda/lambda.ts';
import type { Api } from '../template/api.ts';
import type { TokenAuthorizer } from '../template/authorizers.ts';
import { type GatewayRequest, headerValue } from './gateway-request.ts';
import { evaluatePolicy, type Policy, policySchema } from './policy.ts';
import type { Refusal } from './refusal.ts';

const answerSchema = z.object({
  principalId: z.string(),
  policyDocument: policySchema,
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});

/** What the function finds in `requestContext.authorizer`; values but the latency are strings. */
export type AuthorizerContext = Record<string, string | number>;

/** What came of asking the authorizer. */
export type Authorization =
  | { kind: 'allowed'; context: AuthorizerContext | undefined }
  | { kind: 'refused'; refusal: Refusal; context?: AuthorizerContext };

type Answer = { policy: Policy; context: AuthorizerContext };
type CachedAnswer = { answer: Answer; expiresAtMs: number };

const maxCachedTokens = 1000;

/**
 * Asks the authorizer of a route whether a request may pass. Its answers are kept for each token as
 * long as the template says, whichever method they were asked for; failures are not kept.
 */
export function createAuthorize(
  api: Api,
  lambda: Pick<LocalLambda, 'invoke'>,
): (authorizerId: string | undefined, request: GatewayRequest) => Promise<Authorization> {
  const cache = new Map<string, CachedAnswer>();

  return async (authorizerId, request) => {
    const authorizer = authorizerId === undefined ? undefined : api.authorizers.get(authorizerId);
    if (authorizer === undefined) return { kind: 'allowed', context: undefined };
    const token = headerValue(request, authorizer.header);
    if (!token || authorizer.pattern?.test(token) === false) return refused('UNAUTHORIZED');

    const methodArn = methodArnOf(api, request);
    const cacheKey = `${authorizerId} ${token}`;
    const cached = cache.get(cacheKey);
    const answer =
      cached !== undefined && cached.expiresAtMs > request.receivedAtMs
        ? cached.answer
        : await ask(lambda, authorizer, token, methodArn);
    if ('kind' in answer) return answer;
    if (answer !== cached?.answer && authorizer.ttlSeconds > 0) {
      keep(cache, cacheKey, answer, request.receivedAtMs + authorizer.ttlSeconds * 1000);
    }
    const { policy, context } = answer;
    return evaluatePolicy(policy, methodArn) === 'allowed'
      ? { kind: 'allowed', context }
      : { ...refused('ACCESS_DENIED'), context };
  };
}

async function ask(
  lambda: Pick<LocalLambda, 'invoke'>,
  authorizer: TokenAuthorizer,
  token: string,
  methodArn: string,
): Promise<Answer | (Authorization & { kind: 'refused' })> {
  const askedAtMs = performance.now();
  const invocation = await lambda.invoke(authorizer.functionName, {
    type: 'TOKEN',
    authorizationToken: token,
    methodArn,
  });
  if (invocation.kind !== 'buffered') {
    // The one error text with a meaning of its own:
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    const unauthorized = invocation.kind === 'error' && invocation.errorMessage === 'Unauthorized';
    return refused(unauthorized ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE');
  }
  const answer = answerSchema.safeParse(invocation.payload);
  if (!answer.success) return refused('AUTHORIZER_CONFIGURATION_ERROR');
  const { principalId, policyDocument, context } = answer.data;
  const texts = Object.entries(context).map(([name, value]) => [name, String(value)] as const);
  return {
    policy: policyDocument,
    context: {
      ...Object.fromEntries(texts),
      principalId,
      integrationLatency: Math.round(performance.now() - askedAtMs),
    },
  };
}

function keep(
  cache: Map<string, CachedAnswer>,
  key: string,
  answer: Answer,
  expiresAtMs: number,
): void {
  const oldest = cache.size >= maxCachedTokens ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  cache.delete(key);
  cache.set(key, { answer, expiresAtMs });
}

function methodArnOf({ region, accountId, id, stage }: Api, { method, path }: GatewayRequest) {
  return `arn:aws:execute-api:${region}:${accountId}:${id}/${stage}/${method}/${path.slice(1)}`;
}

function refused(type: Refusal['type']): Authorization & { kind: 'refused' } {
  return { kind: 'refused', refusal: { type } };
}
