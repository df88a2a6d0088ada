import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { awsTransport } from './aws-transport.ts';

/**
 * Region, credentials and endpoint come from the environment, as the SDK reads it, unless given.
 * Calls go to the endpoint, not to the queue URL's host as the SDK would have it: an emulator's
 * queue URLs name a host that need not resolve.
 */
export const sqsClient = (config: SQSClientConfig = {}): SQSClient =>
  new SQSClient({ ...awsTransport, useQueueUrlAsEndpoint: false, ...config });
