import path from 'node:path';
import * as z from 'zod';
import type { Template } from './template.ts';

const functionSchema = z.object({
  FunctionName: z.string().optional(),
  Handler: z.string(),
  Code: z.object({ S3Key: z.string() }),
  // Lambda's own defaults: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html
  MemorySize: z.coerce.number().int().default(128),
  Timeout: z.coerce.number().int().default(3),
  ReservedConcurrentExecutions: z.coerce.number().int().optional(),
  Environment: z
    .object({
      Variables: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
        .default({}),
    })
    .default({ Variables: {} }),
});

/** One function of the template. */
export type TemplateFunction = {
  /** The short name: `submit` for the logical id `SubmitLambdaFunction`. */
  name: string;
  logicalId: string;
  arn: string;
  /** File name of the archive that holds its code. */
  archive: string;
  handler: string;
  memoryMb: number;
  timeoutMs: number;
  environment: Record<string, string>;
  maxConcurrency: number | undefined;
};

/** The functions of the template, in its order. */
export function templateFunctions(template: Template): TemplateFunction[] {
  return template
    .resources('AWS::Lambda::Function', functionSchema)
    .map(({ logicalId, properties }) => ({
      name: shortName(logicalId),
      logicalId,
      arn: String(template.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] }, logicalId)),
      archive: path.posix.basename(properties.Code.S3Key),
      handler: properties.Handler,
      memoryMb: properties.MemorySize,
      timeoutMs: properties.Timeout * 1000,
      environment: properties.Environment.Variables,
      maxConcurrency: properties.ReservedConcurrentExecutions,
    }));
}

function shortName(logicalId: string): string {
  const stem = logicalId.replace(/LambdaFunction$/, '');
  return stem.charAt(0).toLowerCase() + stem.slice(1);
}

/** The function an ARN, or a gateway's invocation URI that holds one, speaks of. */
export function functionOf(
  functions: readonly TemplateFunction[],
  arnOrUri: string,
): TemplateFunction | undefined {
  const arn = /arn:aws:lambda:[^:/]*:[^:/]*:function:[^:/]+/.exec(arnOrUri)?.[0];
  return functions.find((candidate) => candidate.arn === arn);
}
