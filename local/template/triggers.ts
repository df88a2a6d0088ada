import * as z from 'zod';
import { StartFault } from '../start-fault.ts';
import { functionOf, type TemplateFunction } from './functions.ts';
import type { Template } from './template.ts';

const mappingSchema = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: z.coerce.boolean().default(true),
  BatchSize: z.coerce.number().int().default(10),
  MaximumBatchingWindowInSeconds: z.coerce.number().int().default(0),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  ScalingConfig: z.object({ MaximumConcurrency: z.coerce.number().int() }).optional(),
});

/** One queue that feeds a function. */
export type QueueTrigger = {
  queueArn: string;
  functionName: string;
  batchSize: number;
  batchingWindowSeconds: number;
  maximumConcurrency: number | undefined;
  reportBatchItemFailures: boolean;
};

/** The enabled SQS event sources of the template. */
export function templateQueueTriggers(
  template: Template,
  functions: readonly TemplateFunction[],
): QueueTrigger[] {
  return template
    .resources('AWS::Lambda::EventSourceMapping', mappingSchema)
    .filter(({ properties }) => properties.Enabled)
    .map(({ logicalId, properties }) => ({
      queueArn: properties.EventSourceArn,
      functionName: targetName(functions, properties.FunctionName, logicalId),
      batchSize: properties.BatchSize,
      batchingWindowSeconds: properties.MaximumBatchingWindowInSeconds,
      maximumConcurrency: properties.ScalingConfig?.MaximumConcurrency,
      reportBatchItemFailures: properties.FunctionResponseTypes.length > 0,
    }));
}

// A constant input is not among what the local schedule can send.
const targetSchema = z.object({ Arn: z.string(), Input: z.never().optional() });

const ruleSchema = z.object({
  ScheduleExpression: z.string().optional(),
  State: z.string().default('ENABLED'),
  Targets: z.array(targetSchema).default([]),
});

/** One schedule that calls a function. */
export type ScheduleTrigger = {
  ruleArn: string;
  functionName: string;
  /** `rate(…)` or `cron(…)`. */
  expression: string;
};

/** The enabled schedules of the template: EventBridge rules with a schedule. */
export function templateSchedules(
  template: Template,
  functions: readonly TemplateFunction[],
): ScheduleTrigger[] {
  return template
    .resources('AWS::Events::Rule', ruleSchema)
    .filter(({ properties }) => properties.State === 'ENABLED')
    .flatMap(({ logicalId, properties: { ScheduleExpression: expression, Targets } }) => {
      if (expression === undefined) return [];
      return Targets.map(({ Arn }) => ({
        ruleArn: String(template.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] }, logicalId)),
        functionName: targetName(functions, Arn, logicalId),
        expression,
      }));
    });
}

function targetName(
  functions: readonly TemplateFunction[],
  arnOrName: string,
  logicalId: string,
): string {
  const found = functionOf(functions, arnOrName);
  if (found !== undefined) return found.name;
  throw new StartFault(`${logicalId} of the packaged template calls no function of the template.`);
}
