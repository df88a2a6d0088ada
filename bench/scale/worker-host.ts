import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';

/*
 * The work function in a process of its own, with its variables. Run with an IPC channel and
 * `--expose-gc`: works off the jobs whose ids it is sent, and tells what its heap then holds in MB.
 */

const { handler }: { handler: unknown } = await import('../../functions/work.ts');
if (typeof handler !== 'function') throw new TypeError('The function has no handler.');

const endsMs = 900_000;
const arn = 'arn:aws:sqs:us-east-1:000000000000:jobs';

const eventOf = (ids: readonly string[]) => ({
  Records: ids.map((jobId, index) => ({
    messageId: String(index),
    receiptHandle: String(index),
    body: JSON.stringify({ v: 1, jobId, epoch: 1 }),
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: 'us-east-1',
  })),
});

const keptMb = async (): Promise<number> => {
  // What is held by timers and closed sockets goes with the second.
  for (let times = 0; times < 3; times += 1) {
    globalThis.gc?.();
    await sleep(50);
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
};

const carryOut = async (message: unknown): Promise<void> => {
  const { ids, measure } = z
    .object({ ids: z.array(z.string()), measure: z.boolean() })
    .parse(message);
  const deadlineMs = Date.now() + endsMs;
  const context = {
    awsRequestId: 'bench',
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
  const result: unknown = await Reflect.apply(handler, undefined, [eventOf(ids), context]);
  process.send?.({ result, keptMb: measure ? await keptMb() : 0 });
};

process.on('message', (message) => void carryOut(message));
process.send?.({ ready: true });
