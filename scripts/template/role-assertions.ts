import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import {
  type Json,
  listOf,
  type Resource,
  referencedId,
  resourcesOf,
  type Template,
  valueAt,
} from './template.ts';

const parameterArn = 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter';
/** The stage's own prefix: the keys of UPSTREAMS are below it, by names the stage chooses. */
const upstreamKeyParameters = `${parameterArn}/outlast/dev/upstreams/*`;
const logging = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const makingAndErasing = [
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
];
const callingBack = { 'DeliveriesQueue.Arn': ['sqs:SendMessage'] };
const callingUp = { '${Table.Arn}/index/turns': ['dynamodb:Query'] };
const upstreamKeys = {
  [`${parameterArn}/outlast/dev/openai-api-key`]: ['ssm:GetParameter'],
  [upstreamKeyParameters]: ['ssm:GetParameter'],
};

/** Everything a role may do, by resource. What is not here fails the check. */
const expectedGrants = new Map<string, Record<string, string[]>>([
  [
    'SubmitRole',
    {
      'SubmitLogGroup.Arn': logging,
      'Table.Arn': makingAndErasing,
      'JobsQueue.Arn': ['sqs:SendMessage'],
      ...callingUp,
      ...callingBack,
      ...upstreamKeys,
    },
  ],
  [
    'WorkRole',
    {
      'WorkLogGroup.Arn': logging,
      'Table.Arn': ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      'JobsQueue.Arn': [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
        'sqs:SendMessage',
      ],
      ...callingUp,
      ...callingBack,
      ...upstreamKeys,
    },
  ],
  [
    'ReadRole',
    {
      'ReadLogGroup.Arn': logging,
      'Table.Arn': [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      '${Table.Arn}/index/tenant': ['dynamodb:Query'],
      'JobsQueue.Arn': ['sqs:SendMessage'],
      ...upstreamKeys,
    },
  ],
  [
    'ControlRole',
    {
      'ControlLogGroup.Arn': logging,
      'Table.Arn': makingAndErasing,
      'JobsQueue.Arn': ['sqs:SendMessage'],
      ...callingUp,
      ...callingBack,
      ...upstreamKeys,
    },
  ],
  [
    'SweepRole',
    {
      'SweepLogGroup.Arn': logging,
      'Table.Arn': makingAndErasing,
      '${Table.Arn}/index/due': ['dynamodb:Query'],
      '${Table.Arn}/index/tenant': ['dynamodb:Query'],
      'JobsQueue.Arn': ['sqs:SendMessage'],
      ...callingUp,
      ...callingBack,
      ...upstreamKeys,
    },
  ],
  [
    'DeliverRole',
    {
      'DeliverLogGroup.Arn': logging,
      'Table.Arn': [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      'DeliveriesQueue.Arn': [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
        'sqs:SendMessage',
      ],
    },
  ],
  ['AuthorizeRole', { 'AuthorizeLogGroup.Arn': logging, 'Table.Arn': ['dynamodb:GetItem'] }],
  // API Gateway's own, for access logs: the policy that API Gateway asks for.
  ['AccessLogRole', {}],
]);

const managedPolicies = new Map([
  [
    'AccessLogRole',
    'arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
  ],
]);

function rolesOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::IAM::Role');
}

function statementsOf(role: Resource): Json[] {
  return listOf(role.get('Policies')).flatMap((policy) =>
    listOf(valueAt(policy, 'PolicyDocument.Statement')),
  );
}

function textOf(resource: Json | undefined): string {
  const attribute = valueAt(resource, 'Fn::GetAtt');
  if (Array.isArray(attribute)) return attribute.join('.');
  return String(valueAt(resource, 'Fn::Sub') ?? JSON.stringify(resource));
}

function asList(value: Json | undefined): Json[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function grantsOf(role: Resource): Record<string, string[]> {
  const grants: Record<string, string[]> = {};
  for (const statement of statementsOf(role)) {
    for (const resource of asList(valueAt(statement, 'Resource'))) {
      const actions = asList(valueAt(statement, 'Action')).map(String);
      const name = textOf(resource);
      grants[name] = [...(grants[name] ?? []), ...actions].sort();
    }
  }
  return grants;
}

/** The statement's text without the one wildcard that is allowed, to read keys with. */
function withoutKeyPrefix(statement: Json): string {
  const text = JSON.stringify(statement);
  const readsParameters = JSON.stringify(valueAt(statement, 'Action')) === '["ssm:GetParameter"]';
  return readsParameters ? text.replace(`"${upstreamKeyParameters}"`, '""') : text;
}

function sorted(grants: Record<string, string[]>): Json {
  return Object.fromEntries(Object.entries(grants).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const roleAssertions: Assertion[] = [
  {
    promise: 'a role may do exactly what is listed for it',
    violations: (template) =>
      rolesOf(template).flatMap((role) => {
        const expected = expectedGrants.get(role.id);
        if (expected === undefined) return [`${role.id} is not a known role`];
        return mustEqual(`what ${role.id} may do`, sorted(grantsOf(role)), sorted(expected));
      }),
  },
  {
    promise:
      'no statement of a role holds an exclusion, a managed policy, or a wildcard but one prefix of keys',
    violations: (template) =>
      rolesOf(template).flatMap((role) => [
        ...statementsOf(role).flatMap((statement) => [
          ...mustHold(
            !withoutKeyPrefix(statement).includes('*'),
            `${role.id} holds a wildcard: ${JSON.stringify(statement)}`,
          ),
          ...mustHold(
            !/"Not(Action|Resource)"/.test(JSON.stringify(statement)),
            `${role.id} excludes instead of listing`,
          ),
        ]),
        ...listOf(role.get('ManagedPolicyArns')).flatMap((policy) =>
          mustHold(
            managedPolicies.has(role.id) &&
              managedPolicies.get(role.id) === valueAt(policy, 'Fn::Sub'),
            `${role.id} has the managed policy ${JSON.stringify(policy)}`,
          ),
        ),
      ]),
  },
  {
    promise: 'no policy is attached to a role from outside it',
    violations: (template) =>
      ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy'].flatMap((type) =>
        resourcesOf(template, type).map(({ id }) => `${id} is a policy outside of the roles`),
      ),
  },
  {
    promise: 'each function has a role of its own, which only Lambda may assume',
    violations: (template) => {
      const lambdas = resourcesOf(template, 'AWS::Lambda::Function');
      const roleIds = lambdas.map((lambda) => referencedId(lambda.get('Role')));
      return [
        ...mustHold(new Set(roleIds).size === lambdas.length, 'functions share a role'),
        ...roleIds.flatMap((roleId) => {
          const role = rolesOf(template).find(({ id }) => id === roleId);
          const principals = listOf(role?.get('AssumeRolePolicyDocument.Statement')).map(
            (statement) => valueAt(statement, 'Principal') ?? null,
          );
          const lambdaOnly = [{ Service: 'lambda.amazonaws.com' }];
          return mustEqual(`who may assume "${roleId}"`, principals, lambdaOnly);
        }),
      ];
    },
  },
];
