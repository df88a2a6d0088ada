import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService } from '../fixtures/service.ts';
import { resultOf, waitFor } from '../fixtures/wait-for.ts';

type Queue = { name: string; visible: number; inFlight: number; delayed: number };

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.interrupt());

const queueNamed = async (name: RegExp): Promise<Queue> => {
  const status = await (await fetch(`${service.url}/_local/status`)).json();
  return (status as { queues: Queue[] }).queues.find((queue) => name.test(queue.name)) as Queue;
};

it('unreadable messages end in the dead-letter queue and harm no neighbour', async () => {
  const endpoints = JSON.parse(
    await readFile(path.join(service.dataDir, 'endpoints.json'), 'utf8'),
  );
  const sqs = new SQSClient({
    region: endpoints.region,
    endpoint: endpoints.queueEndpoint,
    useQueueUrlAsEndpoint: false,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const jobsQueueUrl = Object.values<string>(endpoints.queueUrls).find((url) =>
    url.endsWith('-jobs'),
  );
  const poison = ['not JSON', '{"v":99,"jobId":"gen_x","epoch":1}', '{"v":1}', '[]'];
  const gone = '{"v":1,"jobId":"gen_00000000000000000000000000000000","epoch":1}';
  for (const MessageBody of [...poison, gone]) {
    await sqs.send(new SendMessageCommand({ QueueUrl: jobsQueueUrl, MessageBody }));
  }
  const neighbours = await Promise.all(
    Array.from({ length: 5 }, (_, index) =>
      service.post({ prompt: `Neighbour ${index}.` }, { prefer: 'respond-async' }),
    ),
  );
  for (const { body } of neighbours) {
    expect((await resultOf(body.result_url, 60_000)).body).toMatchObject({
      status: 'completed',
      attempts: 1,
    });
  }
  const dead = await waitFor(
    () => queueNamed(/dead-letter/),
    ({ visible }) => visible >= poison.length,
    150_000,
  );
  expect(dead.visible).toBe(poison.length);
  expect(await queueNamed(/-jobs$/)).toMatchObject({ visible: 0, inFlight: 0 });
  sqs.destroy();
});
