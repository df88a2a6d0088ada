/**
 * Lambda's own quotas, as far as this runtime enforces them
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). Where that page says
 * 6 MB, the bytes are those of the service's own error messages.
 */

/** Largest event of a synchronous invocation, in bytes of JSON. */
export const requestLimitBytes = 6_291_456;

/** Largest buffered response; the service itself names this number in its error message. */
export const responseLimitBytes = 6_291_556;

/** Largest streamed response, prelude included. */
export const streamedResponseLimitBytes = 200 * 1024 * 1024;

/**
 * The prelude and its delimiter must lie within this many bytes of a streamed response
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html).
 */
export const preludeLimitBytes = 16 * 1024;

/** Longest init phase; after it the sandbox is killed and started again inside the invocation. */
export const initLimitMs = 10_000;

/** Concurrent executions of an account and region, unless AWS granted more (or, at first, less). */
export const accountConcurrency = 1_000;
