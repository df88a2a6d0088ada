import * as z from 'zod';
import type { Template } from './template.ts';

const keySchema = z.array(
  z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }),
);

const projectionSchema = z.object({
  ProjectionType: z.enum(['ALL', 'INCLUDE', 'KEYS_ONLY']),
  NonKeyAttributes: z.array(z.string()).exactOptional(),
});

const tableSchema = z.object({
  AttributeDefinitions: z.array(
    z.object({
      AttributeName: z.string(),
      AttributeType: z.enum(['S', 'N', 'B']),
    }),
  ),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: projectionSchema,
      }),
    )
    .optional(),
});

/** One table of the template, as `CreateTable` takes it. */
export type TemplateTable = { name: string } & z.infer<typeof tableSchema>;

/** The tables of the template, in its order. */
export function templateTables(template: Template): TemplateTable[] {
  return template
    .resources('AWS::DynamoDB::Table', tableSchema)
    .map(({ logicalId, properties }) => ({
      name: String(template.resolve({ Ref: logicalId }, logicalId)),
      ...properties,
    }));
}
