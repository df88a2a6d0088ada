import type { SQSClient } from '@aws-sdk/client-sqs';
import { startSchedule } from './events/schedule.ts';
import { startSqsEventSource } from './events/sqs-event-source.ts';
import type { LocalLambda } from './lambda/lambda.ts';
import { StartFault } from './start-fault.ts';
import type { Stack } from './template/stack.ts';

/** What calls functions by itself. */
export type Triggers = { stop(): Promise<void> };

/** What the triggers need of the runtime. */
export type TriggerOptions = {
  lambda: Pick<LocalLambda, 'invoke'>;
  sqs: SQSClient;
  onLog(line: string): void;
};

/**
 * Begins to feed the functions from their queues and on their schedules. Stopping ends no
 * invocation. Throws `StartFault` on what the template has and this runtime does not.
 */
export function startTriggers(
  stack: Pick<Stack, 'queues' | 'queueTriggers' | 'schedules'>,
  { lambda, sqs, onLog }: TriggerOptions,
): Triggers {
  const eventSources = stack.queueTriggers.map((trigger) => {
    const queue = stack.queues.find(({ arn }) => arn === trigger.queueArn);
    if (queue === undefined) {
      throw new StartFault(`The packaged template has no queue ${trigger.queueArn}.`);
    }
    const { functionName, maximumConcurrency, ...rest } = trigger;
    return startSqsEventSource({
      ...rest,
      ...(maximumConcurrency !== undefined && { maximumConcurrency }),
      queueUrl: queue.url,
      sqs,
      invoke: (event) => lambda.invoke(functionName, event),
      onLog: (line) => onLog(`${queue.name}: ${line}`),
    });
  });
  const schedules = stack.schedules.map(({ functionName, expression, ruleArn }) =>
    startSchedule({
      name: functionName,
      expression,
      ruleArn,
      invoke: lambda.invoke,
      onLog: (line) => onLog(`${functionName}: ${line}`),
    }),
  );
  return {
    async stop() {
      for (const schedule of schedules) schedule.stop();
      await Promise.all(eventSources.map((source) => source.stop()));
    },
  };
}
