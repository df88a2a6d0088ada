import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoJobs } from '../adapters/dynamo-jobs.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Settings } from '../config.ts';
import { composeLog } from './log.ts';

/*
 * This folder is the one place where ports meet adapters: a composition for each function, with what
 * it needs and no more, so that its bundle holds no more either.
 */

export const storeNames = ['TABLE_NAME', 'LOG_LEVEL'] as const;

/** What every function has that touches jobs. */
export const composeStore = (service: string, settings: Settings<(typeof storeNames)[number]>) => {
  const clock = systemClock();
  const table = dynamoClient();
  const jobs = dynamoJobs(table, settings.TABLE_NAME, clock);
  return { table, clock, jobs, log: composeLog(service, settings) };
};
