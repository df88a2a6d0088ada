import * as z from 'zod';
import type { Template } from './template.ts';

const responseSchema = z.object({
  ResponseType: z.string(),
  StatusCode: z.coerce.number().int().optional(),
  ResponseParameters: z.record(z.string(), z.string()).default({}),
  ResponseTemplates: z.record(z.string(), z.string()).default({}),
});

const headerPrefix = 'gatewayresponse.header.';

/** What the template makes of one kind of refusal of the gateway. */
export type CustomGatewayResponse = {
  statusCode: number | undefined;
  /** Header name to mapping: a quoted literal, or the name of a variable. */
  headers: Record<string, string>;
  /** Content type to template. */
  templates: Record<string, string>;
};

/** The gateway responses of the template by response type. */
export function templateGatewayResponses(template: Template): Map<string, CustomGatewayResponse> {
  const found = template.resources('AWS::ApiGateway::GatewayResponse', responseSchema);
  return new Map(
    found.map(({ properties }) => {
      const headers = Object.entries(properties.ResponseParameters)
        .filter(([name]) => name.startsWith(headerPrefix))
        .map(([name, mapping]) => [name.slice(headerPrefix.length), mapping] as const);
      const response = {
        statusCode: properties.StatusCode,
        headers: Object.fromEntries(headers),
        templates: properties.ResponseTemplates,
      };
      return [properties.ResponseType, response];
    }),
  );
}
