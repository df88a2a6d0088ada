import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { throttling } from '../fixtures/deployment/aws-proxy.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import {
  generateEvent,
  jobsEvent,
  resultEvent,
  scheduledEvent,
  tokenEvent,
} from '../fixtures/deployment/events.ts';
import { type Grant, grantsOf } from '../fixtures/deployment/grants.ts';
import { streamedReply } from '../fixtures/deployment/invoke.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const functionNames = ['submit', 'work', 'read', 'sweep', 'authorize'];

/** Grants that no call of a function’s own makes use of in this run. */
const explained: Readonly<Record<string, readonly string[]>> = {
  // What was put out before a job was cancelled, shown by a reply that was held meanwhile.
  submit: ['dynamodb:Query'],
  // The event source mapping polls with the function's role.
  work: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
};

let deployed: Deployment;
const submit = async (body: object, prefer: Record<string, string> = {}) =>
  (await streamedReply(deployed.lambda, 'submit', generateEvent(body, prefer))).body;
const read = (resultUrl: string) => streamedReply(deployed.lambda, 'read', resultEvent(resultUrl));
const later = { Prefer: 'respond-async' };

/** The time at which the sweep looks at the job, brought forward. */
const makeDue = (jobId: string) =>
  deployed.table.client.send(
    new UpdateItemCommand({
      TableName: deployed.table.name,
      Key: { pk: { S: jobId }, sk: { S: 'job' } },
      UpdateExpression: 'SET dueAtMs = :past',
      ExpressionAttributeValues: { ':past': { N: '1' } },
    }),
  );

const callsOf = (functionName: string): Grant[] =>
  Object.values(deployed.links(functionName)).flatMap(({ calls }) => calls);

const allowed = (functionName: string): readonly Grant[] => {
  const { templateText, stack, queueEndpoint } = deployed;
  const fn = stack.functions.find(({ name }) => name === functionName);
  return grantsOf(templateText, fn?.logicalId ?? '', queueEndpoint);
};

const told = (grants: readonly Grant[]): string[] =>
  [...new Set(grants.map(({ action, resource }) => `${action} on ${resource}`))].sort();

beforeAll(async () => {
  deployed = await startDeployment();
  const { lambda, demo, apiKey, links } = deployed;
  await lambda.invoke('authorize', tokenEvent(`Bearer ${apiKey}`));
  // The first of all requests may be one for a result: the signing key is made there.
  const nobodys = `https://x/results/gen_0?expires=9999999999&signature=${'A'.repeat(43)}`;
  expect(await read(nobodys)).toMatchObject({ status: 403 });

  expect(await submit({ prompt: 'Inline.' })).toMatchObject({ status: 'completed' });
  links('submit').sqs.decide(throttling);
  expect(await submit({ prompt: 'Taken back.' }, later)).toMatchObject({
    error: { code: 'queue_unavailable' },
  });
  links('submit').sqs.decide('pass');

  const retried = 'demo?tokens=100&rate=20&fault=429&retry_after=5&times=1';
  const refused = await submit({ prompt: 'Refused at first.', model: retried }, later);
  expect(await lambda.invoke('work', await jobsEvent(deployed))).toMatchObject({
    payload: { batchItemFailures: [{}] },
  });
  await waitFor(
    async () => {
      await makeDue(refused.id);
      return lambda.invoke('sweep', scheduledEvent());
    },
    (swept) => swept.kind === 'buffered' && JSON.stringify(swept.payload).includes('"sent":1'),
    10_000,
  );
  const working = waitFor(
    async () => {
      await lambda.invoke('work', await jobsEvent(deployed));
      return read(refused.result_url);
    },
    ({ status }) => status === 200,
    20_000,
  );
  await waitFor(
    () => generationsFor(demo.baseUrl, 'Refused at first.'),
    (generations) => generations.some(({ open, text }) => open && text !== ''),
    10_000,
  );
  await waitFor(
    () => read(refused.result_url),
    ({ status, body }) => status === 202 && body.partial_text !== '',
    10_000,
  );
  expect((await working).body).toMatchObject({ status: 'completed', attempts: 2 });
});
afterAll(() => deployed.close());

describe.each(functionNames)('the role of %s', (functionName) => {
  test('allows each call that the function makes', () => {
    const calls = told(callsOf(functionName));
    const grants = told(allowed(functionName));
    expect(calls).not.toEqual([]);
    expect(calls.filter((call) => !grants.includes(call))).toEqual([]);
  });

  test('allows nothing that the function makes no use of', () => {
    const calls = told(callsOf(functionName));
    const unused = allowed(functionName).filter(
      (grant) =>
        !told([grant]).some((text) => calls.includes(text)) &&
        !explained[functionName]?.includes(grant.action),
    );
    expect(told(unused)).toEqual([]);
  });
});
