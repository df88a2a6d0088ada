import { Fault } from '../errors.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './production.ts';
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

const textOf = (context: JsonObject, name: string): string => {
  const value = context[name];
  if (typeof value === 'string') return value;
  throw new TypeError(`${name} is no text`);
};

/**
 * What the authorizer said of the key, as the gateway hands it on; undefined where it was not asked.
 * Throws Fault `internal_error` for an answer that is not this service's.
 */
export const parseGrant = (context: unknown): Grant | undefined => {
  if (context === undefined || context === null) return undefined;
  try {
    if (!isJsonObject(context)) throw new TypeError('the context is no object');
    const tenant = textOf(context, 'tenant');
    if (tenant === '') throw new TypeError('the tenant has no name');
    return {
      keyId: textOf(context, 'keyId'),
      tenant,
      scopes: textOf(context, 'scopes')
        .split(' ')
        .filter((scope) => scope !== ''),
      limits: parseTenantLimits(JSON.parse(textOf(context, 'limits'))),
    };
  } catch (cause) {
    throw new Fault('internal_error', 'The authorizer’s answer cannot be read.', { cause });
  }
};
