/** How a command calls AWS: it gives up within seconds, where the SDK's own limits are minutes. */
export const impatient = {
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: 3_000,
    requestTimeout: 4_000,
    throwOnRequestTimeout: true,
  },
} as const;

/** The region of a stage that names none: the same as in serverless.yml, whatever AWS_REGION says. */
export const defaultRegion = 'us-east-1';
