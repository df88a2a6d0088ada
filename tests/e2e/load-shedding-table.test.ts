import { describe, expect, test } from 'vitest';
import type { AwsCall } from '../fixtures/deployment/aws-call.ts';
import { internalError, throttling, throughputExceeded } from '../fixtures/deployment/aws-proxy.ts';
import type { Fate } from '../fixtures/deployment/aws-relay.ts';
import { get, later, post } from '../fixtures/deployment/client.ts';
import type { Deployment } from '../fixtures/deployment/deployment.ts';
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

const quickFaults: readonly (readonly [string, ServiceFault])[] = [
  ['refuses connections', 'refused'],
  ['throttles', throttling],
  ['has no throughput left', throughputExceeded],
  ['fails with 500', internalError],
  ['breaks connections', 'reset'],
  ['obeys but breaks connections', 'unanswered'],
];
const slowFaults: readonly (readonly [string, Fate])[] = [
  ['never answers', 'silent'],
  ['obeys but never answers', 'mute'],
];

const limits = { timeout: 180_000 };
const apiFunctions = { service: 'dynamodb', functions: ['submit', 'read'] } as const;

/** From here on the sandboxes are warm and know the signing keys. */
const warmUp = async (deployed: Deployment): Promise<string> => {
  const { answer } = await post(deployed, { prompt: 'Warm up.' });
  expect(answer.body.status).toBe('completed');
  expect((await get(answer.body.result_url)).answer.status).toBe(200);
  return answer.body.result_url;
};

const expectAllRefused = async (deployed: Deployment, name: string, fault: ServiceFault) => {
  const resultUrl = await warmUp(deployed);
  const before = await storedOfJobs(deployed);
  const prompts = { now: `Now, though the table ${name}.`, later: `Later: it ${name}.` };
  await whileFailing(deployed, apiFunctions, fault, async () => {
    expectRefused(await get(resultUrl), 'store_unavailable');
    expectRefused(await post(deployed, { prompt: prompts.later }, later), 'store_unavailable');
    const now = { prompt: prompts.now, model: longModel };
    expectRefused(await post(deployed, now), 'store_unavailable');
  });
  await expectBrokenOff(deployed, prompts.now, before);
  await expectNothingOf(deployed, prompts.later, before);
  expect(await queued(deployed)).toBe(0);
};

const isPutOfJob = ({ action, body }: AwsCall): boolean =>
  action === 'dynamodb:PutItem' && JSON.stringify(body).includes('"sk":{"S":"job"}');

describe.concurrent('while the table fails at once', () => {
  test('every request is refused with 503, and leaves nothing', limits, () =>
    onDeployment(async (deployed) => {
      for (const [name, fault] of quickFaults) await expectAllRefused(deployed, name, fault);
    }),
  );

  test('a cold sandbox refuses too', limits, () =>
    onDeployment(async (deployed) => {
      await whileFailing(deployed, apiFunctions, 'refused', async () => {
        expectRefused(await post(deployed, { prompt: 'Cold.' }, later), 'store_unavailable');
        const nobodys = `${deployed.url}/results/gen_0?expires=9999999999&signature=x`;
        expectRefused(await get(nobodys), 'store_unavailable');
      });
      await expectNothingOf(deployed, 'Cold.', []);
    }),
  );

  test('the authorizer’s failure is 503, and is forgotten when the table is back', limits, () =>
    onDeployment(async (deployed) => {
      const authorizer = { service: 'dynamodb', functions: ['authorize'] } as const;
      for (const fault of ['refused', throttling, internalError] as const) {
        await whileFailing(deployed, authorizer, fault, async () => {
          expectRefused(await post(deployed, { prompt: 'Who?' }), 'authorizer_unavailable');
        });
      }
      await expectNothingOf(deployed, 'Who?', []);
      await warmUp(deployed);
    }),
  );
});

describe.concurrent('while the table does not answer', () => {
  for (const [name, fate] of slowFaults) {
    test(`because it ${name}, every request is refused in time, and leaves nothing`, limits, () =>
      onDeployment((deployed) => expectAllRefused(deployed, name, fate)),
    );
  }

  test('the authorizer’s failure is 503', limits, () =>
    onDeployment(async (deployed) => {
      const authorizer = { service: 'dynamodb', functions: ['authorize'] } as const;
      await whileFailing(deployed, authorizer, 'silent', async () => {
        expectRefused(await post(deployed, { prompt: 'Who?' }), 'authorizer_unavailable');
      });
    }),
  );
});

describe.concurrent('while the table takes a request but not its job', () => {
  for (const [name, fate] of [
    ['throttling it', throttling],
    ['never answering', 'silent'],
    ['writing it but never answering', 'mute'],
  ] as const) {
    test(`${name}, the request is refused, and both are gone`, limits, () =>
      onDeployment(async (deployed) => {
        await warmUp(deployed);
        const before = await storedOfJobs(deployed);
        const { dynamodb } = deployed.links('submit');
        dynamodb.decide((call) => (isPutOfJob(call) ? fate : 'pass'));
        const prompts = { now: `Half ${name}, now.`, later: `Half ${name}, later.` };
        const now = { prompt: prompts.now, model: longModel };
        expectRefused(await post(deployed, { prompt: prompts.later }, later), 'store_unavailable');
        expectRefused(await post(deployed, now), 'store_unavailable');
        dynamodb.decide('pass');
        await expectNothingOf(deployed, prompts.later, before);
        await expectBrokenOff(deployed, prompts.now, before);
        expect(await queued(deployed)).toBe(0);
      }),
    );
  }

  test('a record that was written without an answer counts: the request is accepted', limits, () =>
    onDeployment(async (deployed) => {
      await warmUp(deployed);
      const { dynamodb } = deployed.links('submit');
      dynamodb.decide((call) => (isPutOfJob(call) ? 'unanswered' : 'pass'));
      expect((await post(deployed, { prompt: 'Doubtful.' }, later)).answer.status).toBe(202);
      expect((await post(deployed, { prompt: 'Doubtful.' })).answer).toMatchObject({
        status: 200,
        body: { status: 'completed' },
      });
    }),
  );
});
