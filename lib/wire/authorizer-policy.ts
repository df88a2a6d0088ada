/** The context values of an API Gateway authorizer are strings, numbers or booleans. */
export type Grant = {
  readonly keyId: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
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

/** The authorizer's answer: an allow with what is known of the key's owner, or a deny. */
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
