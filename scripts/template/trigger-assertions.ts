import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import { listOf, referencedId, resourcesOf } from './template.ts';

export const triggerAssertions: Assertion[] = [
  {
    promise: 'a queue hides a message at least six times as long as its function may run',
    violations: (template) =>
      resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap((source) => {
        const queue = resourcesOf(template, 'AWS::SQS::Queue').find(
          ({ id }) => id === referencedId(source.get('EventSourceArn')),
        );
        const lambda = resourcesOf(template, 'AWS::Lambda::Function').find(
          ({ id }) => id === referencedId(source.get('FunctionName')),
        );
        const hiddenSeconds = Number(queue?.get('VisibilityTimeout'));
        const timeoutSeconds = Number(lambda?.get('Timeout'));
        return mustHold(
          hiddenSeconds >= 6 * timeoutSeconds,
          `${source.id}: visibility ${hiddenSeconds} s, time-out ${timeoutSeconds} s`,
        );
      }),
  },
  {
    promise: 'queues report failures message by message, ten at a time, under a concurrency cap',
    violations: (template) =>
      resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap((source) => [
        ...mustEqual(`${source.id} response type`, source.get('FunctionResponseTypes'), [
          'ReportBatchItemFailures',
        ]),
        ...mustEqual(`${source.id} batch size`, source.get('BatchSize'), 10),
        ...mustHold(
          source.get('MaximumBatchingWindowInSeconds') === undefined,
          `${source.id} waits to fill a batch`,
        ),
        ...mustHold(
          Number(source.get('ScalingConfig.MaximumConcurrency')) >= 2,
          `${source.id} has no maximum concurrency`,
        ),
      ]),
  },
  {
    promise: 'receivers that are known to be slow never keep all functions that call back waiting',
    violations: (template) =>
      resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap((source) => {
        const lambda = resourcesOf(template, 'AWS::Lambda::Function').find(
          ({ id }) => id === referencedId(source.get('FunctionName')),
        );
        const slow = lambda?.get('Environment.Variables.SLOW_DELIVERY_CONCURRENCY');
        const most = Number(source.get('ScalingConfig.MaximumConcurrency'));
        return slow === undefined
          ? []
          : mustHold(
              Number(slow) >= 1 && Number(slow) < most,
              `${source.id}: ${String(slow)} for slow receivers of ${most}`,
            );
      }),
  },
  {
    promise: 'the sweep runs every minute',
    violations: (template) => {
      const rules = resourcesOf(template, 'AWS::Events::Rule');
      const sweeping = rules.filter((rule) =>
        listOf(rule.get('Targets')).some((target) =>
          JSON.stringify(target).includes('"SweepLambdaFunction"'),
        ),
      );
      return [
        ...mustHold(sweeping.length === 1, 'nothing starts the sweep'),
        ...sweeping.flatMap((rule) => [
          ...mustEqual(`${rule.id} schedule`, rule.get('ScheduleExpression'), 'rate(1 minute)'),
          ...mustEqual(`${rule.id} state`, rule.get('State'), 'ENABLED'),
        ]),
      ];
    },
  },
];
