import * as z from 'zod';
import { StartFault } from '../start-fault.ts';
import { type TokenAuthorizer, templateAuthorizers } from './authorizers.ts';
import type { TemplateFunction } from './functions.ts';
import { type CustomGatewayResponse, templateGatewayResponses } from './gateway-responses.ts';
import { localApiId } from './physical.ts';
import { type Route, templateRoutes } from './routes.ts';
import type { Template } from './template.ts';

const apiSchema = z.object({
  Name: z.string().optional(),
  BinaryMediaTypes: z.array(z.string()).default([]),
  EndpointConfiguration: z.object({ Types: z.array(z.string()) }).default({ Types: ['EDGE'] }),
});

const stageSchema = z.object({ StageName: z.string().optional() });

/** The REST API of the template. */
export type Api = {
  id: string;
  accountId: string;
  region: string;
  stage: string;
  routes: Route[];
  authorizers: ReadonlyMap<string, TokenAuthorizer>;
  /** By response type. */
  gatewayResponses: ReadonlyMap<string, CustomGatewayResponse>;
  /** Request bodies of these types reach the function in base64. */
  binaryMediaTypes: string[];
  /** How long a streamed response may be silent. */
  streamIdleMs: number;
};

/** The one REST API of the template; throws `StartFault` when there is none, or another. */
export function templateApi(template: Template, functions: readonly TemplateFunction[]): Api {
  const [api, second] = template.resources('AWS::ApiGateway::RestApi', apiSchema);
  if (api === undefined || second !== undefined) {
    throw new StartFault('The packaged template must have exactly one AWS::ApiGateway::RestApi.');
  }
  const { BinaryMediaTypes, EndpointConfiguration } = api.properties;
  const authorizers = templateAuthorizers(template, functions);
  return {
    id: localApiId,
    accountId: template.place.accountId,
    region: template.place.region,
    stage: stageName(template),
    routes: templateRoutes(template, functions, authorizers),
    authorizers,
    gatewayResponses: templateGatewayResponses(template),
    binaryMediaTypes: BinaryMediaTypes,
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
    // (read 2026-11-20): 5 minutes on regional and private endpoints, 30 seconds on edge ones.
    streamIdleMs: EndpointConfiguration.Types.includes('EDGE') ? 30_000 : 300_000,
  };
}

function stageName(template: Template): string {
  const stages = [
    ...template.resources('AWS::ApiGateway::Stage', stageSchema),
    ...template.resources('AWS::ApiGateway::Deployment', stageSchema),
  ];
  const named = stages.find(({ properties }) => properties.StageName !== undefined);
  return named?.properties.StageName ?? 'local';
}
