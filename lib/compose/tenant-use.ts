import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoTenantCounts } from '../adapters/dynamo-tenant-counts.ts';
import { dynamoTenantTurns } from '../adapters/dynamo-tenant-turns.ts';
import { dynamoTenants } from '../adapters/dynamo-tenants.ts';
import { knownLimits } from '../adapters/known-limits.ts';
import { settledJobs } from '../generation/settled-jobs.ts';
import type { JobStore } from '../ports/jobs.ts';
import type { Queue } from '../ports/queues.ts';
import type { Clock, Log } from '../ports/system.ts';

/**
 * What holds tenants to their limits, for a function that makes jobs, runs them or ends them: with it,
 * a write that ends a job settles what its tenant was charged.
 */
export const composeTenantUse = (
  table: DynamoDBClient,
  tableName: string,
  {
    jobs,
    clock,
    log,
    queue,
  }: {
    readonly jobs: JobStore;
    readonly clock: Clock;
    readonly log: Log;
    readonly queue: Queue;
  },
) => {
  const clients = { client: table, once: dynamoClient({ maxAttempts: 1 }) };
  const use = {
    queue,
    tenantCounts: dynamoTenantCounts(clients, tableName, clock),
    tenantTurns: dynamoTenantTurns(table, tableName, clock),
    knownLimits: knownLimits(dynamoTenants(table, tableName), clock),
  };
  return { ...use, jobs: settledJobs({ ...use, jobs, clock, log }) };
};
