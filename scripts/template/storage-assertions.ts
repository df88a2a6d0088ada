import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import { listOf, type Resource, referencedId, resourcesOf, type Template } from './template.ts';

const fourteenDaysSeconds = 14 * 24 * 3600;

function tablesOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::DynamoDB::Table');
}

function queuesOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::SQS::Queue');
}

function deadLetterQueueIdOf(queue: Resource): string {
  return referencedId(queue.get('RedrivePolicy.deadLetterTargetArn'));
}

function deadLetterQueueIds(template: Template): Set<string> {
  const ids = queuesOf(template).map(deadLetterQueueIdOf);
  return new Set(ids.filter((id) => id !== ''));
}

export const storageAssertions: Assertion[] = [
  {
    promise: 'there is one table, billed by request, encrypted, with the keys the code writes',
    violations: (template) => [
      ...mustHold(tablesOf(template).length === 1, 'there is not exactly one table'),
      ...tablesOf(template).flatMap((table) => [
        ...mustEqual(`${table.id} billing`, table.get('BillingMode'), 'PAY_PER_REQUEST'),
        ...mustEqual(`${table.id} encryption`, table.get('SSESpecification.SSEEnabled'), true),
        ...mustEqual(`${table.id} keys`, table.get('KeySchema'), [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ]),
        ...mustEqual(
          `${table.id} indexes`,
          listOf(table.get('GlobalSecondaryIndexes')),
          [
            ['due', 'dueShard', 'dueAtMs'],
            ['tenant', 'listTenant', 'pk'],
            ['turns', 'turn', 'turnAtMs'],
          ].map(([name = '', hash = '', range = '']) => ({
            IndexName: name,
            KeySchema: [
              { AttributeName: hash, KeyType: 'HASH' },
              { AttributeName: range, KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          })),
        ),
      ]),
    ],
  },
  {
    promise: 'the table survives the stack, can be set back a day, and forgets what has expired',
    violations: (template) =>
      tablesOf(template).flatMap((table) => [
        ...mustEqual(
          `${table.id} DeletionPolicy`,
          table.attribute('DeletionPolicy'),
          'RetainExceptOnCreate',
        ),
        ...mustEqual(
          `${table.id} UpdateReplacePolicy`,
          table.attribute('UpdateReplacePolicy'),
          'Retain',
        ),
        ...mustEqual(`${table.id} recovery`, table.get('PointInTimeRecoverySpecification'), {
          PointInTimeRecoveryEnabled: true,
          RecoveryPeriodInDays: 1,
        }),
        ...mustEqual(`${table.id} TTL`, table.get('TimeToLiveSpecification'), {
          AttributeName: 'expiresAtSeconds',
          Enabled: true,
        }),
      ]),
  },
  {
    promise: 'queues are standard and encrypted',
    violations: (template) =>
      queuesOf(template).flatMap((queue) => [
        ...mustEqual(`${queue.id} encryption`, queue.get('SqsManagedSseEnabled'), true),
        ...mustHold(queue.get('FifoQueue') === undefined, `${queue.id} is a FIFO queue`),
      ]),
  },
  {
    promise: 'a queue gives up on a message after 20 receives, into a queue that keeps it 14 days',
    violations: (template) => {
      const deadLetterIds = deadLetterQueueIds(template);
      const working = queuesOf(template).filter(({ id }) => !deadLetterIds.has(id));
      const dead = queuesOf(template).filter(({ id }) => deadLetterIds.has(id));
      return [
        ...mustHold(working.length > 0, 'there is no queue of jobs'),
        ...working.flatMap((queue) => [
          ...mustHold(
            dead.some(({ id }) => id === deadLetterQueueIdOf(queue)),
            `${queue.id} has no dead-letter queue`,
          ),
          ...mustEqual(
            `${queue.id} maxReceiveCount`,
            queue.get('RedrivePolicy.maxReceiveCount'),
            20,
          ),
        ]),
        ...dead.flatMap((queue) =>
          mustEqual(
            `${queue.id} retention`,
            queue.get('MessageRetentionPeriod'),
            fourteenDaysSeconds,
          ),
        ),
      ];
    },
  },
  {
    promise: 'nothing consumes a dead-letter queue, and an alarm watches it',
    violations: (template) => {
      const sources = resourcesOf(template, 'AWS::Lambda::EventSourceMapping');
      const consumed = sources.map((source) => referencedId(source.get('EventSourceArn')));
      const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');
      const watched = alarms
        .filter((alarm) => alarm.get('MetricName') === 'ApproximateNumberOfMessagesVisible')
        .map((alarm) => referencedId(alarm.get('Dimensions.0.Value')));
      return [...deadLetterQueueIds(template)].flatMap((id) => [
        ...mustHold(!consumed.includes(id), `${id} is consumed`),
        ...mustHold(watched.includes(id), `${id} is not watched`),
      ]);
    },
  },
];
