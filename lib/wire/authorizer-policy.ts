import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { parseTenantLimits, type TenantLimits } from './tenant-limits.ts';

export type Grant = {
  readonly keyId: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  readonly limits: TenantLimits;
};

/**
 * `arn:…:apiId/stage/METHOD/path` → `arn:…:apiId/stage` with wildcards for the rest. The gateway caches a policy under the
 * key alone, so it has to speak for the whole stage.
 */
const wholeStage = (methodArn: string): string => {
  const [api, stage] = methodArn.split('/');
  return `${api}/${stage}/*/*`;
};

const policy = (effect: 'Allow' | 'Deny', methodArn: string) => ({
  Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: wholeStage(methodArn) }],
});

/**
 * The authorizer's answer: an allow with what is known of the key's owner, or a deny. The values of
 * its context can be strings, numbers or booleans and nothing deeper
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html;
 * read 2026-11).
 */
export const authorizerAnswer = (grant: Grant | undefined, methodArn: string) =>
  grant === undefined
    ? { principalId: 'unknown', policyDocument: policy('Deny', methodArn) }
    : {
        principalId: grant.tenant,
        policyDocument: policy('Allow', methodArn),
        context: {
          keyId: grant.keyId,
          tenant: grant.tenant,
          scopes: grant.scopes.join(' '),
          limits: JSON.stringify(grant.limits),
        },
      };

const contextSchema = z.object({
  keyId: z.string(),
  tenant: z.string().check(z.minLength(1)),
  scopes: z.string(),
  limits: z.string(),
});

/**
 * What the authorizer said of the key, as the gateway hands it on; undefined where it was not asked.
 * Throws Fault `internal_error` for an answer that is not this service's.
 */
export const parseGrant = (context: unknown): Grant | undefined => {
  if (context === undefined || context === null) return undefined;
  try {
    const { scopes, limits, ...owner } = contextSchema.parse(context);
    return {
      ...owner,
      scopes: scopes.split(' ').filter((scope) => scope !== ''),
      limits: parseTenantLimits(JSON.parse(limits)),
    };
  } catch (cause) {
    throw new Fault('internal_error', 'The authorizer’s answer cannot be read.', { cause });
  }
};
