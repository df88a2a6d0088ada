import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { ChangeMessageVisibilityCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Emulators } from './subject.ts';

/** An item as it lies in the table. */
export type StoredItem = Readonly<Record<string, unknown>>;

const scan = async (
  { table, tableName }: Emulators,
  how: { IndexName?: string; FilterExpression?: string; Names?: Record<string, string> },
): Promise<StoredItem[]> => {
  const items: StoredItem[] = [];
  const { Names, ...rest } = how;
  let start: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const found: ScanCommandOutput = await table.send(
      new ScanCommand({
        TableName: tableName,
        ...rest,
        ...(Names === undefined
          ? {}
          : {
              ExpressionAttributeNames: Names,
              ExpressionAttributeValues: { ':job': { S: 'job' }, ':final': { S: 'final#' } },
            }),
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    for (const item of found.Items ?? []) items.push(unmarshall(item));
    start = found.LastEvaluatedKey;
  } while (start !== undefined);
  return items;
};

/** Every job and every part of a final object. */
export const scanTable = (emulators: Emulators): Promise<StoredItem[]> =>
  scan(emulators, {
    FilterExpression: '#sk = :job OR begins_with(#sk, :final)',
    Names: { '#sk': 'sk' },
  });

/** The ids of what the sweep still has to look at; it is in the sparse index alone. */
export const dueIds = async (emulators: Emulators): Promise<string[]> =>
  (await scan(emulators, { IndexName: 'due' })).map(({ pk }) => String(pk));

export type QueueDepth = {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
};

export const depthOf = async ({ sqs }: Emulators, queueUrl: string): Promise<QueueDepth> => {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  return {
    visible: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes?.ApproximateNumberOfMessagesDelayed ?? 0),
  };
};

export const isEmpty = ({ visible, inFlight, delayed }: QueueDepth): boolean =>
  visible + inFlight + delayed === 0;

/**
 * Shows the queue's messages again that a dead worker left hidden for an hour and a half: the latest
 * delivery there is. Those that have been deleted refuse.
 */
export const showHidden = async (
  { sqs, jobsQueueUrl }: Emulators,
  receipts: Iterable<string>,
): Promise<void> => {
  const shown = [...receipts].map((receipt) =>
    sqs
      .send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: jobsQueueUrl,
          ReceiptHandle: receipt,
          VisibilityTimeout: 1,
        }),
      )
      .catch(() => undefined),
  );
  await Promise.all(shown);
};
