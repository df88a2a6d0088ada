import { DeleteMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import {
  apiEvent,
  generateEvent,
  jobsEvent,
  keyedEvent,
  resultEvent,
  scheduledEvent,
  tokenEvent,
} from '../fixtures/deployment/events.ts';
import { streamedEvents, streamedReply } from '../fixtures/deployment/invoke.ts';
import { eventsOf } from '../fixtures/event-frames.ts';

let deployed: Deployment;
beforeAll(async () => {
  deployed = await startDeployment();
});
afterAll(() => deployed.close());

const processes = (functionName: string): number[] =>
  deployed.lambda
    .status()
    .filter(({ name }) => name === functionName)
    .flatMap(({ sandboxes }) => sandboxes.map(({ pid }) => pid));

describe('a packaged function, alone with the Runtime API and its environment', () => {
  test('authorize answers its first event with a policy for the whole stage', async () => {
    const answer = await deployed.lambda.invoke(
      'authorize',
      tokenEvent(`Bearer ${deployed.apiKey}`),
    );
    expect(answer).toMatchObject({
      kind: 'buffered',
      payload: {
        principalId: 'acme',
        policyDocument: {
          Statement: [
            {
              Effect: 'Allow',
              Resource: 'arn:aws:execute-api:us-east-1:000000000000:abc123/dev/*/*',
            },
          ],
        },
        context: { tenant: 'acme' },
      },
    });
  });

  test('authorize denies the key of the local runtime, and a key that nobody has', async () => {
    for (const key of ['sk-outlast-local', `${deployed.apiKey.slice(0, -2)}xy`]) {
      expect(await deployed.lambda.invoke('authorize', tokenEvent(`Bearer ${key}`))).toMatchObject({
        kind: 'buffered',
        payload: { policyDocument: { Statement: [{ Effect: 'Deny' }] } },
      });
    }
  });

  test('read streams its first answer', async () => {
    const event = apiEvent({ method: 'GET', resource: '/health' });
    expect(await streamedReply(deployed.lambda, 'read', event)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: { status: 'ok' },
    });
  });

  test('submit streams its first answer, the generation, with the stage in its result URL', async () => {
    const event = generateEvent({ prompt: 'Cold?', model: 'demo?tokens=20' });
    const { status, headers, body } = await streamedReply(deployed.lambda, 'submit', event);
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'x-request-id': event.requestContext.requestId });
    expect(body).toMatchObject({ status: 'completed', usage: { output_tokens: 20 } });
    expect(body.result_url).toMatch(
      /^https:\/\/abc123\.execute-api\.us-east-1\.amazonaws\.com\/dev\/results\/gen_/,
    );
    const again = await streamedReply(deployed.lambda, 'read', resultEvent(body.result_url));
    expect(again).toMatchObject({ status: 200, body: { text: body.text } });
  });

  test('control streams its first answer: nobody’s job is not found', async () => {
    const event = keyedEvent('POST', '/jobs/{id}/cancel', { id: 'gen_0' });
    expect(await streamedReply(deployed.lambda, 'control', event)).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
  });

  test('submit streams events as they are made, and read streams the same again', async () => {
    const { lambda } = deployed;
    const body = { model: 'demo?tokens=40&rate=40', input: 'Streamed.', stream: true };
    const live = await streamedEvents(
      lambda,
      'submit',
      keyedEvent('POST', '/v1/responses', { body }),
    );
    expect(live).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
    });
    const events = eventsOf(live.frames);
    expect(events.at(0)?.type).toBe('response.created');
    expect(events.at(-1)?.type).toBe('response.completed');
    const [first, last] = [live.frames.at(0), live.frames.at(-1)];
    expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(500);

    const request = { id: events.at(0)?.response?.id ?? '', query: { stream: 'true' } };
    const read = await streamedEvents(
      lambda,
      'read',
      keyedEvent('GET', '/v1/responses/{id}', request),
    );
    expect(read).toMatchObject({
      status: 200,
      headers: { 'content-type': expect.stringContaining('text/event-stream') },
    });
    expect(read.frames.map(({ text }) => text)).toEqual(live.frames.map(({ text }) => text));
  });

  test('submit streams the chunks of a chat completion', async () => {
    const message = { role: 'user', content: 'Chunks.' };
    const body = { model: 'demo?tokens=20', messages: [message], stream: true };
    const event = keyedEvent('POST', '/v1/chat/completions', { body });
    const { status, frames } = await streamedEvents(deployed.lambda, 'submit', event);
    expect(status).toBe(200);
    expect(frames.at(-1)?.data).toBe('[DONE]');
    expect(JSON.parse(frames.at(0)?.data ?? '')).toMatchObject({ object: 'chat.completion.chunk' });
  });

  test('work runs the jobs of its first event, and names only the message it cannot read', async () => {
    const event = generateEvent({ prompt: 'Later.' }, { Prefer: 'respond-async' });
    const { status, body } = await streamedReply(deployed.lambda, 'submit', event);
    expect(status).toBe(202);
    const { Records: records } = await jobsEvent(deployed);
    expect(records.map((record) => JSON.parse(record.body))).toEqual([
      { v: 1, jobId: body.id, epoch: 1 },
    ]);
    const unreadable = records.map((record) => ({ ...record, messageId: 'other', body: '?' }));
    const answer = await deployed.lambda.invoke('work', { Records: [...records, ...unreadable] });
    expect(answer).toMatchObject({
      kind: 'buffered',
      payload: { batchItemFailures: [{ itemIdentifier: 'other' }] },
    });
    const result = await streamedReply(deployed.lambda, 'read', resultEvent(body.result_url));
    expect(result).toMatchObject({ status: 200, body: { status: 'completed', attempts: 1 } });
    const { client, url } = deployed.jobsQueue;
    for (const { receiptHandle } of records) {
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receiptHandle }));
    }
  });

  test('sweep reports what its first event found', async () => {
    expect(await deployed.lambda.invoke('sweep', scheduledEvent())).toMatchObject({
      kind: 'buffered',
      payload: { written: 0, sent: 0, failed: 0 },
    });
  });

  test('a sandbox answers one event after another', async () => {
    const before = processes('submit');
    for (const prompt of ['One.', 'Two.']) {
      const event = generateEvent({ prompt, model: 'demo?tokens=5' });
      expect(await streamedReply(deployed.lambda, 'submit', event)).toMatchObject({ status: 200 });
    }
    expect(processes('submit')).toEqual(before);
    expect(before).toHaveLength(1);
  });

  test('an error is streamed too, in the error shape', async () => {
    expect(await streamedReply(deployed.lambda, 'submit', generateEvent({}))).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', message: expect.any(String) } },
    });
  });
});
