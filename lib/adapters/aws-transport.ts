/**
 * How long a call to AWS may take. The SDK has no limits of its own, and one attempt that hangs must
 * leave time for the next: the worst call ends after about 6 s. `requestTimeout` ends at the first
 * byte of the answer and only warns unless told to throw (@smithy/node-http-handler 4, read
 * 2026-11); `socketTimeout` covers an answer that stalls after it. Connections are kept alive by the
 * SDK's own agent; one that died while Lambda had the sandbox frozen is a retry, not a failure.
 */
export const awsTransport = {
  maxAttempts: 3,
  retryMode: 'standard',
  requestHandler: {
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    throwOnRequestTimeout: true,
    socketTimeout: 2_000,
  },
} as const;
