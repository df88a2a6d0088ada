/** A published price: what it is of, in USD for `per` units. */
export type Price = {
  readonly of: string;
  readonly usd: number;
  readonly per: number;
  readonly source: string;
};

/**
 * Every rate that the bill is made of: us-east-1, the first tier, no free tier, no savings plan. The
 * sources are the pages that state them; they were read in 2026-11, through copies and articles that
 * repeat them.
 */
export const prices = {
  /** The first 7.5 billion GB-seconds of a month, arm64. */
  gbSeconds: {
    of: 'Lambda, arm64, GB-second',
    usd: 0.0000133334,
    per: 1,
    source: 'https://aws.amazon.com/lambda/pricing/',
  },
  invocations: {
    of: 'Lambda, invocation',
    usd: 0.2,
    per: 1e6,
    source: 'https://aws.amazon.com/lambda/pricing/',
  },
  /** Of at most 64 KB each; empty receives count. */
  queueRequests: {
    of: 'SQS, standard queue, request',
    usd: 0.4,
    per: 1e6,
    source: 'https://aws.amazon.com/sqs/pricing/',
  },
  /** On top, for requests of messages with a MessageGroupId: fair queues. */
  fairRequests: {
    of: 'SQS, fair queue, surcharge on a request',
    usd: 0.1,
    per: 1e6,
    source:
      'https://aws.amazon.com/sqs/pricing/ (as in https://cloudburn.io/blog/amazon-sqs-pricing)',
  },
  writeUnits: {
    of: 'DynamoDB on demand, write request unit',
    usd: 0.625,
    per: 1e6,
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  readUnits: {
    of: 'DynamoDB on demand, read request unit',
    usd: 0.125,
    per: 1e6,
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  /** A REST API, since only those stream; a streamed response counts once per 10 MB begun. */
  apiRequests: {
    of: 'API Gateway, REST request',
    usd: 3.5,
    per: 1e6,
    source: 'https://aws.amazon.com/api-gateway/pricing/',
  },
  logBytes: {
    of: 'CloudWatch Logs, byte taken in',
    usd: 0.5,
    per: 1e9,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
  },
  alarmMonths: {
    of: 'CloudWatch, standard alarm, month',
    usd: 0.1,
    per: 1,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
  },
  outputTokens: {
    of: 'GPT-5 mini, output token',
    usd: 2,
    per: 1e6,
    source: 'https://developers.openai.com/api/docs/pricing',
  },
  inputTokens: {
    of: 'GPT-5 mini, input token',
    usd: 0.25,
    per: 1e6,
    source: 'https://developers.openai.com/api/docs/pricing',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type Priced = keyof typeof prices;

/** What so many units cost, in USD. */
export const costUsd = (what: Priced, units: number): number =>
  (units * prices[what].usd) / prices[what].per;
