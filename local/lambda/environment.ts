import { randomUUID } from 'node:crypto';
import type { FunctionSpec } from './invocation.ts';

/** The region of a function: its own variable, else Lambda's oldest one. */
export function regionOf(spec: FunctionSpec): string {
  return spec.environment['AWS_REGION'] ?? 'us-east-1';
}

/** The ARN that the function sees itself invoked by; the account is all zeros. */
export function functionArn(spec: FunctionSpec): string {
  return `arn:aws:lambda:${regionOf(spec)}:000000000000:function:${spec.name}`;
}

/**
 * The whole environment of a sandbox: the function's variables and the ones Lambda reserves
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), and nothing of the
 * host's. `HOME` names a directory that does not exist, so that an SDK finds no configuration of
 * whoever runs this.
 */
export function sandboxEnvironment(
  spec: FunctionSpec,
  runtimeApiAddress: string,
  now: Date,
): Record<string, string> {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '/');
  const region = regionOf(spec);
  return {
    ...spec.environment,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_RUNTIME_API: runtimeApiAddress,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${spec.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${day}/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    LAMBDA_TASK_ROOT: spec.bundleDir,
    LAMBDA_RUNTIME_DIR: import.meta.dirname,
    _HANDLER: spec.handler,
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    HOME: '/home/sbx_user1051',
  };
}
