import * as z from 'zod';
import { StartFault } from '../start-fault.ts';
import { functionOf, type TemplateFunction } from './functions.ts';
import type { Template } from './template.ts';

const authorizerSchema = z.object({
  Type: z.literal('TOKEN'),
  AuthorizerUri: z.string(),
  IdentitySource: z.string().regex(/^method\.request\.header\.[^.]+$/),
  IdentityValidationExpression: z.string().optional(),
  // https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html: 300 s unless it is set.
  AuthorizerResultTtlInSeconds: z.coerce.number().int().min(0).max(3600).default(300),
});

/** A Lambda authorizer that is given one header of the request. */
export type TokenAuthorizer = {
  functionName: string;
  /** The header that holds the token, in lower case. */
  header: string;
  /** A token that does not match it is refused without a call. */
  pattern: RegExp | undefined;
  /** How long an answer is kept for a token; 0 keeps none. */
  ttlSeconds: number;
};

/** The authorizers of the template by logical id. */
export function templateAuthorizers(
  template: Template,
  functions: readonly TemplateFunction[],
): Map<string, TokenAuthorizer> {
  const found = template.resources('AWS::ApiGateway::Authorizer', authorizerSchema);
  return new Map(
    found.map(({ logicalId, properties }) => {
      const target = functionOf(functions, properties.AuthorizerUri);
      if (target === undefined) {
        throw new StartFault(`${logicalId} of the packaged template calls no function of it.`);
      }
      const expression = properties.IdentityValidationExpression;
      const authorizer = {
        functionName: target.name,
        header: (properties.IdentitySource.split('.').at(-1) ?? '').toLowerCase(),
        pattern: expression === undefined ? undefined : new RegExp(`^(?:${expression})$`),
        ttlSeconds: properties.AuthorizerResultTtlInSeconds,
      };
      return [logicalId, authorizer];
    }),
  );
}
