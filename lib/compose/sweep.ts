import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { readSettings } from '../config.ts';
import { composeStore, storeNames } from './store.ts';

/** Throws Fault `misconfigured`. */
export const composeSweep = () => {
  const settings = readSettings(process.env, [...storeNames, 'JOBS_QUEUE_URL']);
  const { jobs, clock, log } = composeStore('sweep', settings);
  return { deps: { jobs, clock, log, queue: sqsQueue(sqsClient(), settings.JOBS_QUEUE_URL) } };
};
