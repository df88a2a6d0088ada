/** Nobody listens there: what is asked of it fails. */
const nobody = 'http://127.0.0.1:1';

/** What a function that runs in a bench's own process is told; its model speaks chat at `upstream`. */
export const functionVariables = (upstream: string): Record<string, string> => ({
  TABLE_NAME: 'outlast',
  LOG_LEVEL: 'INFO',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_SQS: nobody,
  JOBS_QUEUE_URL: `${nobody}/000000000000/jobs`,
  DELIVERIES_QUEUE_URL: `${nobody}/000000000000/deliveries`,
  OPENAI_API_KEY: 'sk-outlast-local',
  OPENAI_BASE_URL: upstream,
  OPENAI_MODEL: 'demo',
  OPENAI_PROTOCOL: 'chat',
});
