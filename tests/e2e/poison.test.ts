import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runScript } from '../fixtures/command.ts';
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

it('unreadable messages end in the dead-letter queue, harm no neighbour, and can be dropped from there', async () => {
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
  const poison = ['not JSON', '{"v":1}', '[]'];
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
    () => queueNamed(/-jobs-dead-letter/),
    ({ visible }) => visible >= poison.length,
    150_000,
  );
  expect(dead.visible).toBe(poison.length);
  expect(await queueNamed(/-jobs$/)).toMatchObject({ visible: 0, inFlight: 0 });
  sqs.destroy();
  const redrive = (...args: string[]) =>
    runScript('scripts/redrive.ts', [...args, '--data', service.dataDir]);
  const { code, stdout } = await redrive('--dry-run');
  expect(code).toBe(1);
  for (const what of ['not JSON', 'not a job message']) expect(stdout).toContain(what);
  const [, first = ''] = /^jobs +([\da-f-]{36}) /m.exec(stdout) ?? [];
  // Looked at, it is visible again after a second.
  const dropped = await waitFor(
    () => redrive('--drop', first),
    (ended) => ended.code === 0,
    90_000,
  );
  expect(dropped.stdout).toMatch(/dropped$/m);
});
