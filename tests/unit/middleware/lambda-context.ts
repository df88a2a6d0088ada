import type { Context } from 'aws-lambda';

/** The context of an invocation with so much time left. */
export const lambdaContext = (remainingMs = 60_000): Context => {
  const endsAtMs = Date.now() + remainingMs;
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: 'submit',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:submit',
    memoryLimitInMB: '512',
    awsRequestId: 'lambda-request',
    logGroupName: '/aws/lambda/submit',
    logStreamName: 'stream',
    getRemainingTimeInMillis: () => endsAtMs - Date.now(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
};

/** Calls a handler as Lambda does, with whatever event. */
export const invoke = async (
  handler: object,
  event: unknown,
  context = lambdaContext(),
): Promise<unknown> => {
  if (typeof handler !== 'function') throw new Error('A handler is a function.');
  return Reflect.apply(handler, undefined, [event, context]);
};
