import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { storeFault, unwritten } from './dynamo-faults.ts';

type Revised = {
  /** Its keys and its new `rev` among the rest; what is undefined is left out. */
  readonly item: Readonly<Record<string, unknown>>;
  /** The `rev` that was read; 0 where there was no item. */
  readonly seenRev: number;
};

/**
 * Replaces an item unless somebody else has since it was read. Throws Fault `store_unavailable`, also
 * after `patienceMs`, since a request waits for it.
 */
export const putRevised = async (
  client: DynamoDBClient,
  tableName: string,
  { item, seenRev }: Revised,
  patienceMs: number,
): Promise<'saved' | 'refused'> => {
  const put = new PutItemCommand({
    TableName: tableName,
    Item: marshall(item, { removeUndefinedValues: true }),
    ...(seenRev === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'rev = :seen',
          ExpressionAttributeValues: marshall({ ':seen': seenRev }),
        }),
  });
  const abortSignal = AbortSignal.timeout(patienceMs);
  const outcome = await client.send(put, { abortSignal }).catch(unwritten);
  if (!('kind' in outcome)) return 'saved';
  if (outcome.kind === 'refused') return 'refused';
  throw storeFault(outcome.cause);
};
