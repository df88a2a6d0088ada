import { expect, test } from 'vitest';
import { toSqsRecord } from '../../local/events/sqs-record.ts';

const source = { queueArn: 'arn:aws:sqs:eu-central-1:000000000000:jobs', region: 'eu-central-1' };

test('every system attribute that SQS gives is handed on', () => {
  const record = toSqsRecord(
    {
      MessageId: 'id',
      ReceiptHandle: 'handle',
      Body: 'body',
      Attributes: {
        ApproximateReceiveCount: '3',
        SentTimestamp: '1',
        SenderId: 'sender',
        ApproximateFirstReceiveTimestamp: '2',
        MessageGroupId: 'tenant-1',
        DeadLetterQueueSourceArn: 'arn:dead',
      },
    },
    source,
  );
  expect(record.attributes).toEqual({
    ApproximateReceiveCount: '3',
    SentTimestamp: '1',
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: '2',
    MessageGroupId: 'tenant-1',
    DeadLetterQueueSourceArn: 'arn:dead',
  });
  expect(record).toMatchObject({
    messageAttributes: {},
    eventSourceARN: source.queueArn,
    awsRegion: 'eu-central-1',
  });
});

test('a message without id or handle is refused', () => {
  expect(() => toSqsRecord({ MessageId: 'id' }, source)).toThrow('receipt handle');
  expect(() => toSqsRecord({ ReceiptHandle: 'handle' }, source)).toThrow('without id');
});
