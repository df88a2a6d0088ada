import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSqsEventSource } from '../../local/events/sqs-event-source.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { otherModel } from '../fixtures/deployment/deployed-with.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import {
  generateEvent,
  jobsEvent,
  keyedEvent,
  resultEvent,
  scheduledEvent,
} from '../fixtures/deployment/events.ts';
import { type Reply, streamedReply } from '../fixtures/deployment/invoke.ts';
import { jobItem, jobKey } from '../fixtures/deployment/job-item.ts';
import { leaveBehind } from '../fixtures/deployment/leave-behind.ts';
import { previousName, previousVersion } from '../fixtures/previous-version/beside.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const later = { prefer: 'respond-async' };
const workers = ['work', previousName('work')] as const;
const sweeps = ['sweep', previousName('sweep')] as const;

let previous: Awaited<ReturnType<typeof previousVersion>>;
let deployed: Deployment;
beforeAll(async () => {
  previous = await previousVersion();
  const variables = { PARK_AFTER_MS: '1000' };
  deployed = await startDeployment({ change: previous.change, variables });
});
afterAll(async () => {
  await deployed.close();
  await previous.close();
});

const submit = (event: unknown): Promise<Reply> => streamedReply(deployed.lambda, 'submit', event);
const read = (url: string): Promise<Reply> =>
  streamedReply(deployed.lambda, 'read', resultEvent(url));

const busy = (name: string): number[] =>
  deployed.lambda
    .status()
    .filter((status) => status.name === name)
    .flatMap(({ sandboxes }) => sandboxes.filter((one) => one.busy).map(({ pid }) => pid));

/** What the upstream put out for a prompt, in each generation that it finished. */
const finishedTexts = async (prompt: string): Promise<string[]> => {
  const generations = await generationsFor(deployed.demo.baseUrl, prompt);
  return generations.filter(({ outcome }) => outcome === 'finished').map(({ text }) => text);
};

test('what this version writes, with fields that the previous one does not know, that one finishes', async () => {
  const prompt = 'Written here, finished there.';
  const { body } = await submit(generateEvent({ prompt, model: 'demo?tokens=20' }, later));
  await deployed.table.client.send(
    new UpdateItemCommand({
      TableName: deployed.table.name,
      Key: jobKey(body.id),
      UpdateExpression: 'SET addedLater = :added',
      ExpressionAttributeValues: marshall({ ':added': { deep: [1] } }),
    }),
  );
  expect(await deployed.lambda.invoke(workers[1], await jobsEvent(deployed))).toMatchObject({
    payload: { batchItemFailures: [] },
  });
  expect(await read(body.result_url)).toMatchObject({
    status: 200,
    body: { status: 'completed', attempts: 1, text: (await finishedTexts(prompt))[0] },
  });
  expect(await jobItem(deployed, body.id)).toMatchObject({ addedLater: { deep: [1] } });
});

test('a job that this version has parked, the previous one sends for and finishes', async () => {
  const prompt = 'Parked here, finished there.';
  const model = `${otherModel}?tokens=60&rate=15`;
  const { body } = await submit(generateEvent({ prompt, model }, later));
  await deployed.lambda.invoke(workers[0], await jobsEvent(deployed));
  const parked = await jobItem(deployed, body.id);
  expect(parked).toMatchObject({ status: 'queued', attempt: 1, waitingFor: 'upstream' });
  await leaveBehind(deployed, parked);
  await deployed.lambda.invoke(sweeps[1], scheduledEvent());
  expect(await jobItem(deployed, body.id)).toMatchObject({ epoch: Number(parked['epoch']) + 1 });
  const result = await waitFor(
    async () => {
      await deployed.lambda.invoke(workers[1], await jobsEvent(deployed));
      return read(body.result_url);
    },
    ({ status }) => status === 200,
    60_000,
  );
  const texts = await finishedTexts(prompt);
  expect(result.body).toMatchObject({ status: 'completed', attempts: 2, text: texts[0] });
  expect(texts).toHaveLength(1);
});

type Asked = {
  readonly prompt: string;
  readonly kind: 'crashed' | 'plain' | 'promoted' | 'cancelled';
};

const kinds: Readonly<Record<number, Asked['kind']>> = { 3: 'promoted', 5: 'cancelled' };

/** The jobs of a busy minute, in the order in which they come. */
const asked: readonly Asked[] = Array.from({ length: 40 }, (_, index) => ({
  prompt: `Rolling, number ${index}.`,
  kind: index < 2 ? 'crashed' : (kinds[index % 8] ?? 'plain'),
}));

const modelOf = ({ kind }: Asked, index: number): string => {
  if (kind === 'cancelled') return 'demo?first_ms=0&tokens=4000&rate=20';
  if (kind === 'crashed') return 'demo?first_ms=0&tokens=200&rate=40';
  if (kind === 'promoted') return 'demo?first_ms=0&tokens=60&rate=40';
  return index % 4 === 0 ? 'demo?first_ms=0&tokens=60&rate=60' : 'demo?first_ms=0&tokens=20';
};

/** As a client asks: what could not be recorded is asked again, under the same key. */
const ask = async (one: Asked, index: number): Promise<Reply> => {
  const event = generateEvent(
    { prompt: one.prompt, model: modelOf(one, index) },
    {
      prefer: one.kind === 'promoted' ? 'wait=1' : 'respond-async',
      'idempotency-key': `rolling-${index}`,
    },
  );
  return waitFor(
    () => submit(event),
    ({ status }) => status !== 503,
    60_000,
  );
};

/** Both versions poll the queue, each in two sandboxes; how often each was called. */
const startBoth = () => {
  const calls = new Map<string, number>();
  const { client: sqs, url: queueUrl, arn: queueArn } = deployed.jobsQueue;
  const sources = workers.map((name) =>
    startSqsEventSource({
      queueUrl,
      queueArn,
      sqs,
      batchSize: 3,
      maximumConcurrency: 2,
      reportBatchItemFailures: true,
      invoke: async (event) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        return deployed.lambda.invoke(name, event);
      },
    }),
  );
  return { calls, stop: () => Promise.all(sources.map((source) => source.stop())) };
};

const kill = (name: string): void => {
  for (const pid of busy(name)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended of itself.
    }
  }
};

/** A job in whose first attempt that worker dies. */
const crash = async (name: string, one: Asked, index: number): Promise<Reply> => {
  const reply = await ask(one, index);
  const working = deployed.lambda.invoke(name, await jobsEvent(deployed));
  await waitFor(
    () => jobItem(deployed, reply.body.id),
    ({ status }) => status === 'in_progress',
    90_000,
  );
  kill(name);
  expect(await working).toMatchObject({ kind: 'error' });
  return reply;
};

/** Sweeps, by both versions in turn, until every job has ended. */
const sweepUntilEnded = async (ids: readonly string[]): Promise<void> => {
  let turn = 0;
  await waitFor(
    async () => {
      const items = await Promise.all(ids.map((id) => jobItem(deployed, id)));
      const live = items.filter(({ status }) => status === 'queued' || status === 'in_progress');
      if (live.length > 0 && workers.every((name) => busy(name).length === 0)) {
        await Promise.all(live.map((item) => leaveBehind(deployed, item)));
        await deployed.lambda.invoke(sweeps[turn % 2] ?? 'sweep', scheduledEvent());
        turn += 1;
      }
      return live.length;
    },
    (live) => live === 0,
    150_000,
  );
};

test('two versions side by side end every job once and whole, though workers of both crash', async () => {
  const replies: Reply[] = [];
  for (const [index, name] of workers.entries()) {
    const one = asked[index];
    if (one !== undefined) replies.push(await crash(name, one, index));
  }
  const both = startBoth();
  try {
    const asking = asked.slice(2).map((one, index) => ask(one, index + 2));
    for (const name of workers) {
      await waitFor(
        async () => busy(name).length,
        (count) => count > 0,
        90_000,
      );
      kill(name);
    }
    replies.push(...(await Promise.all(asking)));
    const cancelled = replies.filter((_, index) => asked[index]?.kind === 'cancelled');
    for (const { body } of cancelled) {
      const event = keyedEvent('POST', '/jobs/{id}/cancel', { id: body.id });
      expect((await streamedReply(deployed.lambda, 'control', event)).status).toBe(200);
    }
    await sweepUntilEnded(replies.map(({ body }) => body.id));
  } finally {
    await both.stop();
  }
  const outcomes = new Set<unknown>();
  for (const [index, { prompt, kind }] of asked.entries()) {
    const id = replies[index]?.body.id ?? '';
    const { body } = await read(replies[index]?.body.result_url ?? '');
    const { ledger } = await jobItem(deployed, id);
    for (const { outcome } of ledger as { outcome: string }[]) outcomes.add(outcome);
    if (kind === 'cancelled') {
      expect(body).toMatchObject({ id, status: 'cancelled' });
      continue;
    }
    expect(body, prompt).toMatchObject({ id, status: 'completed' });
    const texts = await finishedTexts(prompt);
    expect(texts, prompt).toContain(body.text);
    expect(texts.length, prompt).toBeLessThanOrEqual(body.attempts);
  }
  for (const outcome of ['completed', 'promoted', 'lost']) expect(outcomes).toContain(outcome);
  for (const name of workers) expect(both.calls.get(name)).toBeGreaterThan(1);
});
