import * as z from 'zod';
import { StartFault } from '../start-fault.ts';
import type { TokenAuthorizer } from './authorizers.ts';
import { functionOf, type TemplateFunction } from './functions.ts';
import { rootResourceId } from './physical.ts';
import type { Template } from './template.ts';

const resourceSchema = z.object({ ParentId: z.string(), PathPart: z.string() });

const methodSchema = z.object({
  HttpMethod: z.string(),
  ResourceId: z.string(),
  AuthorizationType: z.enum(['NONE', 'CUSTOM']).default('NONE'),
  AuthorizerId: z.string().optional(),
  ApiKeyRequired: z.literal(false).default(false),
  Integration: z.object({
    Type: z.literal('AWS_PROXY'),
    Uri: z.string(),
    ResponseTransferMode: z.enum(['BUFFERED', 'STREAM']).default('BUFFERED'),
    // https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html: 29 s unless it is set.
    TimeoutInMillis: z.coerce.number().int().default(29_000),
  }),
});

/** One method of the API. */
export type Route = {
  /** As the template writes it: `/results/{id}`. */
  path: string;
  resourceId: string;
  /** `GET`, `POST`, … or `ANY`. */
  httpMethod: string;
  authorizerId: string | undefined;
  functionName: string;
  transferMode: 'BUFFERED' | 'STREAM';
  timeoutMs: number;
};

/** The methods of the template; throws `StartFault` for one that AWS, or this runtime, refuses. */
export function templateRoutes(
  template: Template,
  functions: readonly TemplateFunction[],
  authorizers: ReadonlyMap<string, TokenAuthorizer>,
): Route[] {
  const paths = resourcePaths(template);
  return template
    .resources('AWS::ApiGateway::Method', methodSchema)
    .map(({ logicalId, properties }) => {
      const { HttpMethod: httpMethod, ResourceId: resourceId, Integration } = properties;
      const path = paths.get(resourceId);
      const target = functionOf(functions, Integration.Uri);
      const authorizerId =
        properties.AuthorizationType === 'CUSTOM' ? properties.AuthorizerId : undefined;
      if (path === undefined) throw fault(logicalId, 'belongs to no resource');
      if (target === undefined) throw fault(logicalId, 'calls no function of the template');
      if (properties.AuthorizationType === 'CUSTOM' && !authorizers.has(authorizerId ?? '')) {
        throw fault(logicalId, 'names no authorizer of the template');
      }
      const transferMode = Integration.ResponseTransferMode;
      // Each mode has its own action of the Lambda API:
      // https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
      const streams = Integration.Uri.endsWith('/response-streaming-invocations');
      if (streams !== (transferMode === 'STREAM')) {
        throw fault(
          logicalId,
          `has a ${transferMode} response but the integration URI of the other`,
        );
      }
      return {
        path,
        resourceId,
        httpMethod,
        authorizerId,
        functionName: target.name,
        transferMode,
        timeoutMs: Integration.TimeoutInMillis,
      };
    });
}

function resourcePaths(template: Template): Map<string, string> {
  const resources = new Map(
    template
      .resources('AWS::ApiGateway::Resource', resourceSchema)
      .map(({ logicalId, properties }) => [logicalId, properties] as const),
  );
  const pathOf = (resourceId: string, depth = 0): string => {
    const resource = resources.get(resourceId);
    if (resource === undefined || depth > resources.size) return '';
    return `${pathOf(resource.ParentId, depth + 1)}/${resource.PathPart}`;
  };
  const paths = [...resources.keys()].map((id) => [id, pathOf(id)] as const);
  return new Map([[rootResourceId, '/'], ...paths]);
}

function fault(logicalId: string, what: string): StartFault {
  return new StartFault(`${logicalId} of the packaged template ${what}.`);
}
