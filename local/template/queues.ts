import * as z from 'zod';
import type { Template } from './template.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String).optional();

const attributesSchema = z.object({
  DelaySeconds: scalar,
  FifoQueue: scalar,
  ContentBasedDeduplication: scalar,
  MaximumMessageSize: scalar,
  MessageRetentionPeriod: scalar,
  ReceiveMessageWaitTimeSeconds: scalar,
  SqsManagedSseEnabled: scalar,
  VisibilityTimeout: scalar,
});

const queueSchema = attributesSchema.extend({
  RedrivePolicy: z
    .object({
      deadLetterTargetArn: z.string(),
      maxReceiveCount: z.coerce.number().int(),
    })
    .optional(),
});

/** One queue of the template. */
export type TemplateQueue = {
  logicalId: string;
  name: string;
  url: string;
  arn: string;
  /** As `CreateQueue` takes them, the redrive policy included. */
  attributes: Record<string, string>;
  deadLetterArn: string | undefined;
};

/** The queues of the template; a queue comes after the one that takes its dead letters. */
export function templateQueues(template: Template): TemplateQueue[] {
  const queues = template
    .resources('AWS::SQS::Queue', queueSchema)
    .map(({ logicalId, properties: { RedrivePolicy: redrive, ...rest } }) => {
      const attribute = (name: string) =>
        String(template.resolve({ 'Fn::GetAtt': [logicalId, name] }, logicalId));
      const attributes = Object.entries(rest).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      return {
        logicalId,
        name: attribute('QueueName'),
        url: attribute('QueueUrl'),
        arn: attribute('Arn'),
        attributes: {
          ...Object.fromEntries(attributes),
          ...(redrive && { RedrivePolicy: JSON.stringify(redrive) }),
        },
        deadLetterArn: redrive?.deadLetterTargetArn,
      };
    });
  const isTarget = (arn: string) => queues.some(({ deadLetterArn }) => deadLetterArn === arn);
  return [
    ...queues.filter(({ arn }) => isTarget(arn)),
    ...queues.filter(({ arn }) => !isTarget(arn)),
  ];
}
