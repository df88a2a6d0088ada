import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { internalError, throttling } from '../fixtures/deployment/aws-proxy.ts';
import type { Fate } from '../fixtures/deployment/aws-relay.ts';
import { get, later, post } from '../fixtures/deployment/client.ts';
import type { Deployment } from '../fixtures/deployment/deployment.ts';
import { jobsEvent } from '../fixtures/deployment/events.ts';
import { sweepAndWork } from '../fixtures/deployment/invoke.ts';
import {
  expectNothingOf,
  expectRefused,
  onDeployment,
  type ServiceFault,
  whileFailing,
} from '../fixtures/deployment/refusal.ts';
import { queued, storedOfJobs } from '../fixtures/deployment/stored.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const limits = { timeout: 180_000 };
const submit = { service: 'sqs', functions: ['submit'] } as const;

const expectRefusedByQueue = async (deployed: Deployment, name: string, fault: ServiceFault) => {
  const before = await storedOfJobs(deployed);
  const prompt = `Later, though the queue ${name}.`;
  await whileFailing(deployed, submit, fault, async () => {
    expectRefused(await post(deployed, { prompt }, later), 'queue_unavailable');
  });
  await expectNothingOf(deployed, prompt, before);
};

describe.concurrent('while the queue', () => {
  test('fails at once, what would be queued is refused with 503, and leaves nothing', limits, () =>
    onDeployment(async (deployed) => {
      await expectRefusedByQueue(deployed, 'refuses connections', 'refused');
      await expectRefusedByQueue(deployed, 'throttles', throttling);
      await expectRefusedByQueue(deployed, 'fails with 500', internalError);
      await expectRefusedByQueue(deployed, 'breaks connections', 'reset');
      expect(await queued(deployed)).toBe(0);
    }),
  );

  test('takes messages without an answer, a refused request never runs', limits, () =>
    onDeployment(async (deployed) => {
      const prompt = 'Sent without an answer.';
      await whileFailing(deployed, submit, 'unanswered', async () => {
        expectRefused(await post(deployed, { prompt }, later), 'queue_unavailable');
      });
      expect(await queued(deployed)).toBeGreaterThan(0);
      await expectNothingOf(deployed, prompt, []);
    }),
  );

  for (const [name, fate] of [
    ['never answers', 'silent'],
    ['takes messages but never answers', 'mute'],
  ] as const) {
    test(`${name}, what would be queued is refused in time`, limits, () =>
      onDeployment((deployed) => expectRefusedByQueue(deployed, name, fate)),
    );
  }

  test('fails, what needs no queue is answered', limits, () =>
    onDeployment((deployed) =>
      whileFailing(deployed, submit, 'refused', async () => {
        const { answer } = await post(deployed, { prompt: 'Now.' });
        expect(answer).toMatchObject({ status: 200, body: { status: 'completed' } });
      }),
    ),
  );
});

describe.concurrent('a request that the queue did not confirm', () => {
  test('is accepted when a worker was quicker than its withdrawal', limits, () =>
    onDeployment(async (deployed) => {
      const { dynamodb, sqs } = deployed.links('submit');
      sqs.decide('unanswered');
      dynamodb.decide(async ({ action }): Promise<Fate> => {
        if (action === 'dynamodb:DeleteItem') {
          await deployed.lambda.invoke('work', await jobsEvent(deployed));
        }
        return 'pass';
      });
      const { answer } = await post(deployed, { prompt: 'Quick.' }, later);
      expect(answer.status).toBe(202);
      const result = await get(answer.body.result_url);
      expect(result.answer).toMatchObject({ status: 200, body: { status: 'completed' } });
      expect(await generationsFor(deployed.demo.baseUrl, 'Quick.')).toHaveLength(1);
    }),
  );

  test('is refused when its withdrawal went unanswered too', limits, () =>
    onDeployment(async (deployed) => {
      const { dynamodb, sqs } = deployed.links('submit');
      sqs.decide(throttling);
      let unanswered = 0;
      dynamodb.decide(({ action }) => {
        if (action !== 'dynamodb:DeleteItem' || unanswered > 0) return 'pass';
        unanswered += 1;
        return 'unanswered';
      });
      const prompt = 'Withdrawn without an answer.';
      expectRefused(await post(deployed, { prompt }, later), 'queue_unavailable');
      expect(unanswered).toBe(1);
      await expectNothingOf(deployed, prompt, []);
    }),
  );

  test(
    'is not lost when it was accepted before: a promoted job is found by the sweep',
    limits,
    () =>
      onDeployment(async (deployed) => {
        const prompt = 'Promoted.';
        let resultUrl = '';
        await whileFailing(deployed, submit, 'refused', async () => {
          const model = 'demo?tokens=60&rate=20';
          const { answer } = await post(deployed, { prompt, model }, { prefer: 'wait=1' });
          expect(answer.status).toBe(202);
          resultUrl = answer.body.result_url;
        });
        await deployed.table.client.send(
          new UpdateItemCommand({
            TableName: deployed.table.name,
            Key: {
              pk: { S: new URL(resultUrl).pathname.split('/').at(-1) ?? '' },
              sk: { S: 'job' },
            },
            UpdateExpression: 'SET dueAtMs = :past',
            ExpressionAttributeValues: { ':past': { N: '1' } },
          }),
        );
        const { answer } = await waitFor(
          async () => {
            await sweepAndWork(deployed);
            return get(resultUrl);
          },
          (found) => found.answer.status === 200,
          90_000,
        );
        expect(answer.body).toMatchObject({ status: 'completed', attempts: 2 });
      }),
  );
});
