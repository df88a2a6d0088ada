import { dynamoAudit } from '../adapters/dynamo-audit.ts';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { KeyTable } from './keys.ts';

/** What an audit needs, on a table named by whoever runs it. */
export const composeAudit = ({ tableName, client }: KeyTable) => {
  const clock = systemClock();
  return { audit: dynamoAudit(dynamoClient(client), tableName, clock), clock };
};
