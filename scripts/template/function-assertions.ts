import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import { keysOf, type Resource, resourcesOf, type Template } from './template.ts';

const everywhere = ['LOG_LEVEL', 'TABLE_NAME'];
const upstream = [
  'OPENAI_API_KEY',
  'OPENAI_API_KEY_PARAMETER',
  'OPENAI_BASE_URL',
  'OPENAI_MODEL',
  'OPENAI_PROTOCOL',
  'UPSTREAM_BACKGROUND',
  'UPSTREAMS',
];
const http = ['CORS_ORIGINS', 'PUBLIC_BASE_URL'];
const queue = ['JOBS_QUEUE_URL', 'DELIVERIES_QUEUE_URL'];
const callbacks = ['CALLBACK_HTTP_LOOPBACK'];
const admission = ['ADMIT_UNSEEN'];
const waits = ['WAIT_DEFAULT_MS_CHAT', 'WAIT_DEFAULT_MS_GENERATE', 'WAIT_DEFAULT_MS_RESPONSES'];

/** What each function is given; a bundle that reads another variable reads `undefined`. */
const expectedFunctions = new Map([
  [
    'submit',
    {
      timeoutSeconds: 900,
      variables: [
        ...everywhere,
        ...upstream,
        ...http,
        ...queue,
        ...callbacks,
        ...admission,
        ...waits,
      ],
    },
  ],
  [
    'work',
    { timeoutSeconds: 900, variables: [...everywhere, ...upstream, ...queue, 'PARK_AFTER_MS'] },
  ],
  [
    'read',
    { timeoutSeconds: 900, variables: [...everywhere, ...upstream, ...http, 'JOBS_QUEUE_URL'] },
  ],
  [
    'control',
    {
      timeoutSeconds: 900,
      variables: [...everywhere, ...upstream, ...http, ...queue, ...callbacks],
    },
  ],
  [
    'deliver',
    {
      timeoutSeconds: 60,
      variables: [...everywhere, 'DELIVERIES_QUEUE_URL', 'SLOW_DELIVERY_CONCURRENCY', ...callbacks],
    },
  ],
  ['sweep', { timeoutSeconds: 60, variables: [...everywhere, ...upstream, ...queue] }],
  ['authorize', { timeoutSeconds: 10, variables: [...everywhere, 'LOCAL_API_KEY'] }],
]);

/** Chosen from `npm run bench -- memory`: see docs/decisions/memory-sizes.md. */
const memorySizesMb = new Map([
  ['submit', 512],
  ['work', 1024],
  ['read', 512],
  ['control', 512],
  ['deliver', 256],
  ['sweep', 512],
  ['authorize', 512],
]);

function functionsOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::Lambda::Function');
}

/** `submit` of `dist/submit/index.handler`. */
function nameOf(lambda: Resource): string {
  return /^dist\/(\w+)\/index\.handler$/.exec(String(lambda.get('Handler')))?.[1] ?? lambda.id;
}

export const functionAssertions: Assertion[] = [
  {
    promise: 'every function is known, and no other exists',
    violations: (template) =>
      mustEqual(
        'the list of functions',
        functionsOf(template).map(nameOf).sort(),
        [...expectedFunctions.keys()].sort(),
      ),
  },
  {
    promise: 'functions run on Node 24, arm64',
    violations: (template) =>
      functionsOf(template).flatMap((lambda) => [
        ...mustEqual(`${lambda.id} runtime`, lambda.get('Runtime'), 'nodejs24.x'),
        ...mustEqual(`${lambda.id} architecture`, lambda.get('Architectures'), ['arm64']),
      ]),
  },
  {
    promise: 'functions have the time-outs that the design counts on',
    violations: (template) =>
      functionsOf(template).flatMap((lambda) =>
        mustEqual(
          `${lambda.id} time-out`,
          lambda.get('Timeout'),
          expectedFunctions.get(nameOf(lambda))?.timeoutSeconds ?? null,
        ),
      ),
  },
  {
    promise: 'functions have the memory that was measured to be enough',
    violations: (template) =>
      functionsOf(template).flatMap((lambda) =>
        mustEqual(
          `${lambda.id} memory`,
          lambda.get('MemorySize'),
          memorySizesMb.get(nameOf(lambda)) ?? null,
        ),
      ),
  },
  {
    promise: 'each function is given exactly its own variables',
    violations: (template) =>
      functionsOf(template).flatMap((lambda) =>
        mustEqual(
          `${lambda.id} variables`,
          keysOf(lambda.get('Environment.Variables')).sort(),
          (expectedFunctions.get(nameOf(lambda))?.variables ?? []).sort(),
        ),
      ),
  },
  {
    promise:
      'no secret is in the template, and neither the local key nor callbacks to the own machine are accepted once deployed',
    violations: (template) =>
      functionsOf(template).flatMap((lambda) => [
        ...['OPENAI_API_KEY', 'LOCAL_API_KEY'].flatMap((name) => {
          const value = lambda.get(`Environment.Variables.${name}`);
          return value === undefined ? [] : mustEqual(`${lambda.id} ${name}`, value, '');
        }),
        ...callbacks.flatMap((name) => {
          const value = lambda.get(`Environment.Variables.${name}`);
          return value === undefined ? [] : mustEqual(`${lambda.id} ${name}`, value, 'no');
        }),
        ...mustHold(
          !/"apiKey"/.test(String(lambda.get('Environment.Variables.UPSTREAMS') ?? '')),
          `${lambda.id} UPSTREAMS holds a key: name an SSM parameter, apiKeyParameter`,
        ),
      ]),
  },
  {
    promise: 'no concurrency is reserved: a new account may have only ten executions in all',
    violations: (template) =>
      functionsOf(template).flatMap((lambda) =>
        mustHold(
          lambda.get('ReservedConcurrentExecutions') === undefined,
          `${lambda.id} reserves concurrency`,
        ),
      ),
  },
  {
    promise: 'every function has a log group, and log groups forget',
    violations: (template) => {
      const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
      const names = groups.map((group) => group.get('LogGroupName'));
      return [
        ...functionsOf(template).flatMap((lambda) => {
          const name = `/aws/lambda/${String(lambda.get('FunctionName'))}`;
          return mustHold(names.includes(name), `${lambda.id} has no log group`);
        }),
        ...groups.flatMap((group) =>
          mustHold(Number(group.get('RetentionInDays')) > 0, `${group.id} keeps its logs for ever`),
        ),
      ];
    },
  },
];
