import middy from '@middy/core';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import {
  type Disposition,
  type JobRecord,
  type RecordBatch,
  sqsRecords,
} from '../../../lib/middleware/sqs-records.ts';
import { invoke, lambdaContext } from './lambda-context.ts';
import { recordedLog } from './recorded-log.ts';

type Change = { readonly receiptHandle: string; readonly afterMs: number };

const eventOf = (bodies: readonly string[], receiveCount = 1) => ({
  Records: bodies.map((body) => ({
    messageId: `id-${body}`,
    receiptHandle: `receipt-${body}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      MessageGroupId: 'acme',
      SentTimestamp: '1',
    },
    eventSource: 'aws:sqs',
  })),
});

/** A worker whose backoff is 1000 ms a receive, with its log and the visibilities it has changed. */
const worker = (
  handle: (record: JobRecord) => Promise<Disposition>,
  change: (change: Change) => Promise<void> = async () => undefined,
) => {
  const { log, entries } = recordedLog();
  const changes: Change[] = [];
  const visibility = {
    change: async (receiptHandle: string, afterMs: number) => {
      changes.push({ receiptHandle, afterMs });
      await change({ receiptHandle, afterMs });
    },
  };
  const handler = middy()
    .use(
      sqsRecords({
        visibility,
        log,
        backoffMs: (failures, random) => failures * 1_000 * random,
        random: () => 1,
      }),
    )
    .handler((batch: RecordBatch) => batch.each(handle));
  return {
    entries,
    changes,
    receive: (event: unknown, remainingMs?: number) =>
      invoke(handler, event, lambdaContext(remainingMs)),
  };
};
const failures = (...bodies: string[]) => ({
  batchItemFailures: bodies.map((body) => ({ itemIdentifier: `id-${body}` })),
});
const acknowledge: Disposition = { kind: 'acknowledge' };
const redeliver = (afterMs: number): Disposition => ({ kind: 'redeliver', afterMs });

describe('a batch', () => {
  it('reports exactly the records that are wanted again', async () => {
    const { receive, changes } = worker(async ({ body }) =>
      body === 'b' ? redeliver(90_000) : acknowledge,
    );
    expect(await receive(eventOf(['a', 'b', 'c']))).toEqual(failures('b'));
    expect(changes).toEqual([{ receiptHandle: 'receipt-b', afterMs: 90_000 }]);
  });

  it('that went well reports nothing', async () => {
    const { receive, entries } = worker(async () => acknowledge);
    expect(await receive(eventOf(['a', 'b']))).toEqual(failures());
    expect(await receive({ Records: [] })).toEqual(failures());
    expect(entries).toEqual([]);
  });

  it('runs its records at once', async () => {
    let running = 0;
    const all = Promise.withResolvers<void>();
    const { receive } = worker(async () => {
      running += 1;
      if (running === 10) all.resolve();
      await all.promise;
      return acknowledge;
    });
    expect(await receive(eventOf([...'abcdefghij']))).toEqual(failures());
  });

  it('gives each record its body, tenant and receive count', async () => {
    const seen: JobRecord[] = [];
    const { receive } = worker(async (record) => {
      seen.push(record);
      return acknowledge;
    });
    await receive(eventOf(['a'], 7));
    expect(seen).toEqual([
      { messageId: 'id-a', receiptHandle: 'receipt-a', body: 'a', tenant: 'acme', receiveCount: 7 },
    ]);
  });

  it('makes a record visible for its retry before its neighbours have ended', async () => {
    const moved = Promise.withResolvers<void>();
    const { receive } = worker(
      async ({ body }) => {
        if (body === 'a') return redeliver(5_000);
        await moved.promise;
        return acknowledge;
      },
      async () => moved.resolve(),
    );
    expect(await receive(eventOf(['a', 'b']))).toEqual(failures('a'));
  });
});

describe('a record that fails', () => {
  it('harms none of its neighbours, is logged once and backs off by its receive count', async () => {
    const error = new Error('no');
    const { receive, changes, entries } = worker(({ body }) =>
      body === 'a' ? Promise.reject(error) : Promise.resolve(acknowledge),
    );
    expect(await receive(eventOf(['a', 'b'], 3))).toEqual(failures('a'));
    expect(changes).toEqual([{ receiptHandle: 'receipt-a', afterMs: 3_000 }]);
    expect(entries).toMatchObject([
      {
        level: 'error',
        event: 'message.failed',
        fields: { messageId: 'id-a', error, receiveCount: 3 },
      },
    ]);
  });

  it('waits as long as its fault asks, beyond a minute too', async () => {
    const { receive, changes } = worker(() =>
      Promise.reject(
        new Fault('upstream_rate_limited', 'x', { retry: { kind: 'later', afterMs: 600_000 } }),
      ),
    );
    await receive(eventOf(['a']));
    expect(changes).toMatchObject([{ afterMs: 600_000 }]);
  });

  it('that takes until the end of the function is redelivered, and its neighbours are not', async () => {
    const never = Promise.withResolvers<Disposition>();
    const { receive, entries } = worker(({ body }) =>
      body === 'a' ? never.promise : Promise.resolve(acknowledge),
    );
    expect(await receive(eventOf(['a', 'b']), 2_020)).toEqual(failures('a'));
    expect(entries).toMatchObject([{ event: 'message.failed' }]);
  });

  it('throws before it is awaited, and is redelivered all the same', async () => {
    const { receive } = worker(() => {
      throw new Error('no');
    });
    expect(await receive(eventOf(['a']))).toEqual(failures('a'));
  });
});

describe('an unreadable record', () => {
  it('is left to the dead-letter queue by way of another receive, and logged', async () => {
    const { receive, changes, entries } = worker(async () => ({
      kind: 'unreadable',
      why: 'not JSON',
    }));
    expect(await receive(eventOf(['a']))).toEqual(failures('a'));
    expect(changes).toEqual([{ receiptHandle: 'receipt-a', afterMs: 1_000 }]);
    expect(entries).toMatchObject([
      { level: 'warn', event: 'message.refused', fields: { why: 'not JSON', messageId: 'id-a' } },
    ]);
    expect(JSON.stringify(entries)).not.toContain('"body"');
  });
});

describe('the visibility', () => {
  it.each([
    [0, 1_000],
    [-5, 1_000],
    [100 * 3_600_000, 11.75 * 3_600_000],
  ])('of %i ms becomes %i ms, which SQS takes', async (asked, given) => {
    const { receive, changes } = worker(async () => redeliver(asked));
    await receive(eventOf(['a']));
    expect(changes).toMatchObject([{ afterMs: given }]);
  });

  it('that cannot be changed is logged, and the record is reported all the same', async () => {
    const { receive, entries } = worker(
      async () => redeliver(5_000),
      () => Promise.reject(new Error('gone')),
    );
    expect(await receive(eventOf(['a']))).toEqual(failures('a'));
    expect(entries).toMatchObject([{ level: 'warn', event: 'message.unmoved' }]);
  });
});

it('what is no SQS event fails the invocation', async () => {
  const { receive } = worker(async () => acknowledge);
  await expect(receive({ Records: [{}] })).rejects.toThrow();
});
