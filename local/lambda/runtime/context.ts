import type { IncomingHttpHeaders } from 'node:http';

/** The second argument of a handler, from the headers of one event and the environment. */
export function invocationContext(headers: IncomingHttpHeaders, env: NodeJS.ProcessEnv) {
  const deadlineMs = Number(header(headers, 'lambda-runtime-deadline-ms'));
  return {
    callbackWaitsForEmptyEventLoop: true,
    awsRequestId: header(headers, 'lambda-runtime-aws-request-id'),
    invokedFunctionArn: header(headers, 'lambda-runtime-invoked-function-arn'),
    functionName: env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: env['AWS_LAMBDA_FUNCTION_VERSION'],
    memoryLimitInMB: env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: env['AWS_LAMBDA_LOG_STREAM_NAME'],
    clientContext: parsedHeader(headers, 'lambda-runtime-client-context'),
    identity: parsedHeader(headers, 'lambda-runtime-cognito-identity'),
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string') throw new Error(`the Runtime API sent no ${name}`);
  return value;
}

function parsedHeader(headers: IncomingHttpHeaders, name: string): unknown {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? JSON.parse(value) : undefined;
}
