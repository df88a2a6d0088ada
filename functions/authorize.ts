import type { APIGatewayTokenAuthorizerEvent } from 'aws-lambda';
import { authorize } from '../lib/access/authorize.ts';
import { composeAuthorize } from '../lib/compose/authorize.ts';
import { authorizerAnswer } from '../lib/wire/authorizer-policy.ts';

const { deps, settings } = composeAuthorize();

/** The gateway's authorizer: a bearer key in, the whole stage allowed or denied. */
export const handler = async (event: APIGatewayTokenAuthorizerEvent) => {
  const grant = await authorize(deps, event.authorizationToken, settings.LOCAL_API_KEY);
  return authorizerAnswer(grant, event.methodArn);
};
