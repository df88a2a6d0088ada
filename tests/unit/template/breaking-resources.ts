import { add, type Mutation, remove, set } from './mutations.ts';

const lambda = 'WorkLambdaFunction';
const source = 'WorkEventSourceMappingSQSJobsQueue';
const parameters = 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter';
const statements = 'Properties.Policies.0.PolicyDocument.Statement';

/** For each promise about functions, storage and roles, the mistakes that must break it. */
export const breakingResources: readonly (readonly [string, readonly Mutation[]])[] = [
  [
    'every function is known, and no other exists',
    [remove('SweepLambdaFunction'), add('Other', 'AWS::Lambda::Function', { Handler: 'x.y' })],
  ],
  [
    'functions run on Node 24, arm64',
    [
      set(lambda, 'Properties.Runtime', 'nodejs22.x'),
      set(lambda, 'Properties.Architectures', ['x86_64']),
    ],
  ],
  [
    'functions have the time-outs that the design counts on',
    [set(lambda, 'Properties.Timeout', 600), set(lambda, 'Properties.Timeout', undefined)],
  ],
  [
    'functions have the memory that was measured to be enough',
    [set(lambda, 'Properties.MemorySize', 128), set(lambda, 'Properties.MemorySize', undefined)],
  ],
  [
    'each function is given exactly its own variables',
    [
      set(lambda, 'Properties.Environment.Variables.NODE_OPTIONS', '--inspect'),
      set(lambda, 'Properties.Environment.Variables.TABLE_NAME', undefined),
    ],
  ],
  [
    'no secret is in the template, and neither the local key nor callbacks to the own machine are accepted once deployed',
    [
      set('AuthorizeLambdaFunction', 'Properties.Environment.Variables.LOCAL_API_KEY', 'sk-x'),
      set(lambda, 'Properties.Environment.Variables.OPENAI_API_KEY', 'sk-x'),
      set(
        'DeliverLambdaFunction',
        'Properties.Environment.Variables.CALLBACK_HTTP_LOOPBACK',
        'yes',
      ),
      set(
        lambda,
        'Properties.Environment.Variables.UPSTREAMS',
        '[{"name": "other", "apiKey": "sk-x"}]',
      ),
    ],
  ],
  [
    'no concurrency is reserved: a new account may have only ten executions in all',
    [set(lambda, 'Properties.ReservedConcurrentExecutions', 5)],
  ],
  [
    'every function has a log group, and log groups forget',
    [
      remove('WorkLogGroup'),
      set('WorkLogGroup', 'Properties.RetentionInDays', undefined),
      set('AccessLogGroup', 'Properties.RetentionInDays', undefined),
    ],
  ],
  [
    'a queue hides a message at least six times as long as its function may run',
    [
      set('JobsQueue', 'Properties.VisibilityTimeout', 5399),
      set('JobsQueue', 'Properties.VisibilityTimeout', undefined),
      set(lambda, 'Properties.Timeout', 901),
    ],
  ],
  [
    'queues report failures message by message, ten at a time, under a concurrency cap',
    [
      set(source, 'Properties.FunctionResponseTypes', undefined),
      set(source, 'Properties.BatchSize', 1),
      set(source, 'Properties.MaximumBatchingWindowInSeconds', 5),
      set(source, 'Properties.ScalingConfig', undefined),
    ],
  ],
  [
    'receivers that are known to be slow never keep all functions that call back waiting',
    [
      set(
        'DeliverLambdaFunction',
        'Properties.Environment.Variables.SLOW_DELIVERY_CONCURRENCY',
        '3',
      ),
      set(
        'DeliverLambdaFunction',
        'Properties.Environment.Variables.SLOW_DELIVERY_CONCURRENCY',
        '0',
      ),
    ],
  ],
  [
    'the sweep runs every minute',
    [
      remove('SweepEventsRuleSchedule1'),
      set('SweepEventsRuleSchedule1', 'Properties.ScheduleExpression', 'rate(5 minutes)'),
      set('SweepEventsRuleSchedule1', 'Properties.State', 'DISABLED'),
    ],
  ],
  [
    'there is one table, billed by request, encrypted, with the keys the code writes',
    [
      remove('Table'),
      set('Table', 'Properties.BillingMode', 'PROVISIONED'),
      set('Table', 'Properties.SSESpecification', undefined),
      set('Table', 'Properties.KeySchema.1.AttributeName', 'sort'),
      set('Table', 'Properties.GlobalSecondaryIndexes.0.KeySchema.1.AttributeName', 'dueAt'),
    ],
  ],
  [
    'the table survives the stack, can be set back a day, and forgets what has expired',
    [
      set('Table', 'DeletionPolicy', 'Delete'),
      set('Table', 'UpdateReplacePolicy', undefined),
      set('Table', 'Properties.PointInTimeRecoverySpecification.RecoveryPeriodInDays', 35),
      set('Table', 'Properties.TimeToLiveSpecification.Enabled', false),
    ],
  ],
  [
    'queues are standard and encrypted',
    [
      set('JobsDeadLetterQueue', 'Properties.SqsManagedSseEnabled', false),
      set('JobsQueue', 'Properties.FifoQueue', true),
    ],
  ],
  [
    'a queue gives up on a message after 20 receives, into a queue that keeps it 14 days',
    [
      set('JobsQueue', 'Properties.RedrivePolicy', undefined),
      set('JobsQueue', 'Properties.RedrivePolicy.maxReceiveCount', 3),
      set('JobsDeadLetterQueue', 'Properties.MessageRetentionPeriod', 345600),
    ],
  ],
  [
    'nothing consumes a dead-letter queue, and an alarm watches it',
    [
      remove('JobsDeadLetterAlarm'),
      set(source, 'Properties.EventSourceArn', { 'Fn::GetAtt': ['JobsDeadLetterQueue', 'Arn'] }),
    ],
  ],
  [
    'a role may do exactly what is listed for it',
    [
      set('WorkRole', `${statements}.1.Action.0`, 'dynamodb:Scan'),
      set('ReadRole', `${statements}.2.Resource`, { 'Fn::GetAtt': ['Table', 'Arn'] }),
      set('SweepRole', 'Properties.Policies', undefined),
      set('WorkRole', `${statements}.5`, {
        Effect: 'Allow',
        Action: 'ssm:GetParameter',
        Resource: { 'Fn::GetAtt': ['Table', 'Arn'] },
      }),
      add('OtherRole', 'AWS::IAM::Role', {}),
    ],
  ],
  [
    'no statement of a role holds an exclusion, a managed policy, or a wildcard but one prefix of keys',
    [
      set('WorkRole', `${statements}.5.Resource.Fn::Sub`, `${parameters}/outlast/dev/*`),
      set('WorkRole', `${statements}.5.Action`, ['ssm:GetParameter', 'ssm:PutParameter']),
      set('WorkRole', `${statements}.1.Action`, 'dynamodb:*'),
      set('WorkRole', `${statements}.1.Resource`, '*'),
      set('WorkRole', `${statements}.1.NotAction`, ['dynamodb:Scan']),
      set('WorkRole', 'Properties.ManagedPolicyArns', ['arn:aws:iam::aws:policy/PowerUserAccess']),
    ],
  ],
  [
    'no policy is attached to a role from outside it',
    [add('Extra', 'AWS::IAM::Policy', {}), add('Extra', 'AWS::IAM::ManagedPolicy', {})],
  ],
  [
    'each function has a role of its own, which only Lambda may assume',
    [
      set('ReadLambdaFunction', 'Properties.Role', { 'Fn::GetAtt': ['WorkRole', 'Arn'] }),
      set('WorkRole', 'Properties.AssumeRolePolicyDocument.Statement.0.Principal', '*'),
    ],
  ],
];
