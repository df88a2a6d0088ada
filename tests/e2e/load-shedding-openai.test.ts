import { describe, expect, test } from 'vitest';
import { internalError, throttling } from '../fixtures/deployment/aws-proxy.ts';
import { ask, later, type TimedAnswer } from '../fixtures/deployment/client.ts';
import type { Deployment } from '../fixtures/deployment/deployment.ts';
import { jobsEvent } from '../fixtures/deployment/events.ts';
import {
  expectBrokenOff,
  expectNothingOf,
  expectRefused,
  longModel,
  onDeployment,
  type ServiceFault,
  whileFailing,
} from '../fixtures/deployment/refusal.ts';
import { queued, storedOfJobs } from '../fixtures/deployment/stored.ts';

const limits = { timeout: 180_000 };
const table = { service: 'dynamodb', functions: ['submit', 'read', 'control'] } as const;
const queue = { service: 'sqs', functions: ['submit', 'control'] } as const;

const short = 'demo?tokens=20';

type Send = (deployed: Deployment, prompt: string) => Promise<TimedAnswer>;

const respond =
  (more: object, headers = {}): Send =>
  (deployed, prompt) => {
    const body = { model: short, input: prompt, ...more };
    return ask(deployed, 'POST', '/v1/responses', body, headers);
  };
const chat =
  (more: object, headers = {}): Send =>
  (deployed, prompt) => {
    const messages = [{ role: 'user', content: prompt }];
    const body = { model: short, messages, ...more };
    return ask(deployed, 'POST', '/v1/chat/completions', body, headers);
  };

const inline: readonly (readonly [string, Send])[] = [
  ['a response', respond({ model: longModel })],
  ['a streamed response', respond({ model: longModel, stream: true })],
  ['a response that is not stored', respond({ model: longModel, store: false })],
  ['a chat completion', chat({ model: longModel })],
  ['a streamed chat completion', chat({ model: longModel, stream: true })],
];
const forTheQueue: readonly (readonly [string, Send])[] = [
  ['a background response', respond({ background: true })],
  ['a background response that is streamed', respond({ background: true, stream: true })],
  ['a response that is asked for later', respond({}, later)],
  ['a chat completion that is asked for later', chat({}, later)],
];
const all = [...inline, ...forTheQueue];

const expectEachRefused = async (
  deployed: Deployment,
  sends: readonly (readonly [string, Send])[],
  [where, fault, code]: readonly [typeof table | typeof queue, ServiceFault, string],
): Promise<void> => {
  const before = await storedOfJobs(deployed);
  const prompts = sends.map(([what]) => `${what}, though ${code}.`);
  await whileFailing(deployed, where, fault, async () => {
    for (const [at, [, send]] of sends.entries()) {
      expectRefused(await send(deployed, prompts[at] ?? ''), code);
    }
  });
  for (const [at, one] of sends.entries()) {
    const expectLeft = inline.includes(one) ? expectBrokenOff : expectNothingOf;
    await expectLeft(deployed, prompts[at] ?? '', before);
  }
};

/** A response that is stored, and a job that has failed. */
const twoJobs = async (deployed: Deployment) => {
  const stored = await respond({})(deployed, 'Stored.');
  expect(stored.answer.body.status).toBe('completed');
  const failing = chat({ model: 'demo?fault=400' }, later);
  const { id } = (await failing(deployed, 'Failing.')).answer.body;
  await deployed.lambda.invoke('work', await jobsEvent(deployed));
  return { response: `/v1/responses/${stored.answer.body.id}`, failed: `/jobs/${id}` };
};

describe.concurrent('while the table fails', () => {
  for (const [name, fault] of [
    ['refusing connections', 'refused'],
    ['throttling', throttling],
    ['with 500', internalError],
    ['obeying without an answer', 'unanswered'],
    ['never answering', 'silent'],
  ] as const) {
    test(`${name}, OpenAI’s routes refuse with 503, and leave nothing`, limits, () =>
      onDeployment(async (deployed) => {
        // Each takes its time to be refused by a table that is silent: one of a kind will do.
        const some = fault === 'silent' ? [...inline.slice(1, 2), ...forTheQueue.slice(3)] : all;
        await expectEachRefused(deployed, some, [table, fault, 'store_unavailable']);
        expect(await queued(deployed)).toBe(0);
      }),
    );
  }

  test('what is read or changed is refused, and is as it was when the table is back', limits, () =>
    onDeployment(async (deployed) => {
      const { response, failed } = await twoJobs(deployed);
      const paths = [response, `${response}/input_items`, '/v1/responses', failed];
      const read = () => Promise.all(paths.map((path) => ask(deployed, 'GET', path)));
      const before = (await read()).map(({ answer }) => answer.body);
      const stored = await storedOfJobs(deployed);
      for (const fault of ['refused', throttling] as const) {
        await whileFailing(deployed, table, fault, async () => {
          for (const answer of await read()) expectRefused(answer, 'store_unavailable');
          for (const [method, path] of [
            ['GET', `${response}?stream=true`],
            ['POST', `${response}/cancel`],
            ['DELETE', response],
            ['POST', `${failed}/cancel`],
            ['POST', `${failed}/retry`],
          ] as const) {
            expectRefused(await ask(deployed, method, path), 'store_unavailable');
          }
        });
      }
      expect((await read()).map(({ answer }) => answer.body)).toEqual(before);
      expect(await storedOfJobs(deployed)).toEqual(stored);
    }),
  );
});

describe.concurrent('while the queue fails', () => {
  test('what OpenAI’s routes would queue is refused with 503, and leaves nothing', limits, () =>
    onDeployment(async (deployed) => {
      for (const fault of ['refused', throttling] as const) {
        await expectEachRefused(deployed, forTheQueue, [queue, fault, 'queue_unavailable']);
      }
      expect(await queued(deployed)).toBe(0);
    }),
  );

  test('what needs no queue is answered', limits, () =>
    onDeployment((deployed) =>
      whileFailing(deployed, queue, 'refused', async () => {
        for (const send of [respond({}), chat({})]) {
          expect((await send(deployed, 'Now.')).answer.status).toBe(200);
        }
      }),
    ),
  );

  test(
    'a retry is accepted, for the sweep to send for, and is one however often it is asked for',
    limits,
    () =>
      onDeployment(async (deployed) => {
        const { failed } = await twoJobs(deployed);
        const ids = new Set<unknown>();
        const retry = async () => {
          const { answer } = await ask(deployed, 'POST', `${failed}/retry`);
          expect(answer).toMatchObject({ status: 202, body: { status: 'queued' } });
          ids.add(answer.body.id);
        };
        await whileFailing(deployed, queue, 'refused', retry);
        await retry();
        expect(ids.size).toBe(1);
      }),
  );
});
