import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionSpec } from '../../local/lambda/lambda.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import { ofResponses, runWhole } from '../fixtures/deployment/whole-run.ts';

const functionNames = ['submit', 'work', 'read', 'control', 'sweep', 'authorize'];
const recorder = path.resolve('tests/fixtures/deployment/record-access.mjs');
const runtimeDir = path.resolve('local/lambda');

/** May read its own code (and the runtime's) and nothing else; every other wish is recorded. */
const confined = (spec: FunctionSpec): FunctionSpec => {
  const readable = [spec.bundleDir, runtimeDir, recorder].map((dir) => `"--allow-fs-read=${dir}"`);
  const options = ['--permission', ...readable, `"--import=${recorder}"`].join(' ');
  return { ...spec, environment: { ...spec.environment, NODE_OPTIONS: options } };
};

/** Set by Lambda: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (2026-11) */
const reserved = [
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_TASK_ROOT',
  'TZ',
];

/** What libraries look for and are content not to find. */
const lookedFor = {
  'how the AWS SDK may be configured beside its region and credentials': [
    'AWS_ACCOUNT_ID',
    'AWS_ACCOUNT_ID_ENDPOINT_MODE',
    'AWS_AUTH_SCHEME_PREFERENCE',
    'AWS_CREDENTIAL_EXPIRATION',
    'AWS_CREDENTIAL_SCOPE',
    'AWS_DISABLE_CLOCK_SKEW_CORRECTION',
    'AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026',
    'AWS_ENDPOINT_URL_DYNAMODB',
    'AWS_ENDPOINT_URL_SQS',
    'AWS_ENDPOINT_URL_SSM',
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
    'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED',
    'AWS_SDK_UA_APP_ID',
    'AWS_USE_DUALSTACK_ENDPOINT',
    'AWS_USE_FIPS_ENDPOINT',
  ],
  'where the configuration files of a developer would be': [
    'AWS_CONFIG_FILE',
    'AWS_PROFILE',
    'AWS_SHARED_CREDENTIALS_FILE',
    'HOME',
    'HOMEDRIVE',
    'HOMEPATH',
    'USERPROFILE',
  ],
  'how the logger may be configured beside its level': [
    'AWS_LAMBDA_LOG_LEVEL',
    'ENVIRONMENT',
    'POWERTOOLS_DEV',
    'POWERTOOLS_LOGGER_LOG_EVENT',
    'POWERTOOLS_LOGGER_SAMPLE_RATE',
  ],
  'whether this is another kind of Lambda, on which sandboxes take several events at once': [
    'AWS_LAMBDA_BENCHMARK_MODE',
    'AWS_LAMBDA_MAX_CONCURRENCY',
    'AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA',
  ],
  'headers that the OpenAI client would add': ['OPENAI_CUSTOM_HEADERS'],
  'what Node itself may be told': ['FORCE_COLOR', 'WATCH_REPORT_DEPENDENCIES'],
};

type Access = { readonly access: string; readonly name: string };

let deployed: Deployment;
/** Whatever any of the function's sandboxes reached for. */
const accessesOf = (functionName: string): Access[] => {
  const start = `${functionName}: {"access":`;
  const lines = deployed.logged.filter((line) => line.startsWith(start));
  return [...new Set(lines)].map(
    (line) => JSON.parse(line.slice(functionName.length + 2)) as Access,
  );
};
const variablesRead = (functionName: string): string[] =>
  accessesOf(functionName)
    .filter(({ access }) => access === 'variable')
    .map(({ name }) => name);

beforeAll(async () => {
  deployed = await startDeployment({ ...ofResponses, change: (specs) => specs.map(confined) });
  await runWhole(deployed);
});
afterAll(() => deployed?.close());

describe('in a whole run of the service', () => {
  test.each(functionNames)(
    '%s reads no variable but its own and Lambda’s, and is given none in vain',
    (functionName) => {
      const deployedFunction = deployed.stack.functions.find(({ name }) => name === functionName);
      const given = Object.keys(deployedFunction?.environment ?? {});
      const read = new Set(variablesRead(functionName));
      const known = new Set([...given, ...reserved, ...Object.values(lookedFor).flat()]);
      expect(given).toContain('TABLE_NAME');
      expect([...read].filter((name) => !known.has(name))).toEqual([]);
      const inVain = given.filter((name) => !read.has(name));
      expect(inVain).toEqual([]);
    },
  );

  test('the template gives no variable that a library looks for', () => {
    const given = deployed.stack.functions.flatMap(({ environment }) => Object.keys(environment));
    const sought: string[] = Object.values(lookedFor).flat();
    expect(given.filter((name) => sought.includes(name))).toEqual([]);
  });

  test.each(functionNames)(
    '%s reaches for no file but its code and the SDK’s absent configuration, nor writes one, nor starts a process',
    (functionName) => {
      const wishes = accessesOf(functionName).filter(({ access }) => access !== 'variable');
      const absent = ['/home/sbx_user1051/.aws/config', '/home/sbx_user1051/.aws/credentials'];
      expect(wishes.sort((a, b) => a.name.localeCompare(b.name))).toEqual(
        absent.map((name) => ({ access: 'FileSystemRead', name })),
      );
    },
  );
});
