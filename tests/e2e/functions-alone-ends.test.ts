import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import type { FunctionSpec } from '../../local/lambda/lambda.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import {
  type Deployment,
  type DeploymentOptions,
  startDeployment,
} from '../fixtures/deployment/deployment.ts';
import { generateEvent, jobsEvent, resultEvent } from '../fixtures/deployment/events.ts';
import { streamedReply, sweepAndWork } from '../fixtures/deployment/invoke.ts';
import { jobItem } from '../fixtures/deployment/job-item.ts';
import { leaveBehind } from '../fixtures/deployment/leave-behind.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const within = async (
  options: DeploymentOptions,
  use: (deployed: Deployment) => Promise<void>,
): Promise<void> => {
  const deployed = await startDeployment(options);
  try {
    await use(deployed);
  } finally {
    await deployed.close();
  }
};

const changing =
  (functionName: string, changes: Partial<FunctionSpec>) =>
  (specs: readonly FunctionSpec[]): FunctionSpec[] =>
    specs.map((spec) => (spec.name === functionName ? { ...spec, ...changes } : spec));

/** Stalls the first time, and is quick the second. */
const stallingOnce = 'demo?tokens=40&rate=400&fault=stall&after=9&times=1';

const submitted = async ({ lambda }: Deployment, prompt: string, model: string) => {
  const event = generateEvent({ prompt, model }, { Prefer: 'respond-async' });
  const { status, body } = await streamedReply(lambda, 'submit', event);
  expect(status).toBe(202);
  return body;
};

const result = async ({ lambda }: Deployment, resultUrl: string) =>
  (await streamedReply(lambda, 'read', resultEvent(resultUrl))).body;

const busyProcesses = ({ lambda }: Deployment, functionName: string): number[] =>
  lambda
    .status()
    .filter(({ name }) => name === functionName)
    .flatMap(({ sandboxes }) => sandboxes.filter(({ busy }) => busy).map(({ pid }) => pid));

/** What SQS does when a visibility time-out ends, brought forward. */
const showAgain = async ({ jobsQueue }: Deployment, { Records }: SQSEvent): Promise<void> => {
  for (const { receiptHandle: ReceiptHandle } of Records) {
    await jobsQueue.client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: jobsQueue.url,
        ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
  }
};

const isLive = ({ status }: Readonly<Record<string, unknown>>): boolean =>
  status === 'in_progress' || status === 'queued';

/** Sweeps and works until every job has ended; the time that a lost worker's lease takes is brought forward. */
const finish = async (deployed: Deployment, ids: readonly string[]): Promise<void> => {
  await waitFor(
    async () => {
      const items = await Promise.all(ids.map((id) => jobItem(deployed, id)));
      const live = items.filter(isLive);
      // Nobody works on them: what was invoked has ended.
      await Promise.all(live.map((item) => leaveBehind(deployed, item)));
      if (live.length > 0) await sweepAndWork(deployed);
      return live.length;
    },
    (live) => live === 0,
    120_000,
  );
};

describe.concurrent('a function of the package', () => {
  test('whose variables are missing ends its init phase with all of them in the error', async () => {
    const bare = (spec: FunctionSpec): FunctionSpec => ({ ...spec, environment: {} });
    await within({ change: (specs) => specs.map(bare) }, async ({ lambda }) => {
      const missing = {
        submit: ['TABLE_NAME', 'JOBS_QUEUE_URL', 'DELIVERIES_QUEUE_URL'],
        work: ['TABLE_NAME', 'JOBS_QUEUE_URL', 'DELIVERIES_QUEUE_URL'],
        deliver: ['TABLE_NAME', 'DELIVERIES_QUEUE_URL'],
        read: ['TABLE_NAME', 'JOBS_QUEUE_URL'],
        control: ['TABLE_NAME', 'JOBS_QUEUE_URL', 'DELIVERIES_QUEUE_URL'],
        sweep: ['TABLE_NAME', 'JOBS_QUEUE_URL', 'DELIVERIES_QUEUE_URL'],
        authorize: ['TABLE_NAME'],
      };
      for (const [functionName, names] of Object.entries(missing)) {
        const faults = names.map((name) => `${name} is missing`).join('; ');
        expect(await lambda.invoke(functionName, {}), functionName).toMatchObject({
          kind: 'error',
          reason: 'init',
          errorMessage: `The configuration is wrong: ${faults}.`,
        });
      }
    });
  });

  test('whose variables are wrong names each of them and what it holds', async () => {
    const environment = {
      TABLE_NAME: 'jobs',
      JOBS_QUEUE_URL: 'the queue',
      OPENAI_BASE_URL: 'ftp://models',
      WAIT_DEFAULT_MS_GENERATE: '-1',
      WAIT_DEFAULT_MS_RESPONSES: '290001',
      WAIT_DEFAULT_MS_CHAT: 'soon',
      CORS_ORIGINS: 'example.com',
      LOG_LEVEL: 'LOUD',
    };
    await within({ change: changing('submit', { environment }) }, async ({ lambda }) => {
      const answer = await lambda.invoke('submit', {});
      if (answer.kind !== 'error') throw new Error(`no error: ${JSON.stringify(answer)}`);
      const { TABLE_NAME: _right, ...wrong } = environment;
      for (const [name, value] of Object.entries(wrong)) {
        expect(answer.errorMessage).toContain(name);
        expect(answer.errorMessage).toContain(value);
      }
      expect(answer.errorMessage).not.toContain('TABLE_NAME');
    });
  });

  test('whose upstreams are wrong says where, and never what is there: keys are', async () => {
    const secret = 'sk-secret';
    const variables = {
      OPENAI_PROTOCOL: secret,
      UPSTREAM_BACKGROUND: secret,
      UPSTREAMS: JSON.stringify([{ name: 'a', apiKey: secret, key: secret, protocol: secret }]),
    };
    await within({ variables }, async ({ lambda }) => {
      for (const functionName of ['submit', 'work', 'read', 'control', 'sweep']) {
        const answer = await lambda.invoke(functionName, {});
        if (answer.kind !== 'error') throw new Error(`no error: ${JSON.stringify(answer)}`);
        expect(answer.errorMessage).toMatch(
          /OPENAI_PROTOCOL.*UPSTREAM_BACKGROUND.*UPSTREAMS \[0\]/,
        );
        expect(answer.errorMessage).not.toContain(secret);
      }
    });
  });

  test('that is killed at its time-out in mid-generation loses no job', {
    timeout: 150_000,
  }, async () => {
    // It would end by itself ten seconds before: there has to be time to freeze it until then.
    const timeoutMs = 20_000;
    await within({ change: changing('work', { timeoutMs }) }, async (deployed) => {
      const { lambda, demo } = deployed;
      const prompt = 'Out of time.';
      const { id, result_url: url } = await submitted(deployed, prompt, stallingOnce);
      const invocation = lambda.invoke('work', await jobsEvent(deployed));
      await waitFor(
        () => generationsFor(demo.baseUrl, prompt),
        ([generation]) => (generation?.text ?? '') !== '',
        timeoutMs,
      );
      // Frozen, it cannot see its end coming.
      for (const pid of busyProcesses(deployed, 'work')) process.kill(pid, 'SIGSTOP');
      expect(await invocation).toMatchObject({
        kind: 'error',
        reason: 'timeout',
        errorMessage: expect.stringContaining('Task timed out after 20.00 seconds'),
      });
      expect(await result(deployed, url)).toMatchObject({ id, status: 'in_progress' });

      await finish(deployed, [id]);
      const generations = await generationsFor(demo.baseUrl, prompt);
      expect(generations).toHaveLength(2);
      expect(await result(deployed, url)).toMatchObject({
        status: 'completed',
        attempts: 2,
        text: generations[1]?.text,
      });
    });
  });

  test('that outgrows its memory is killed, and each of its jobs completes elsewhere', {
    timeout: 150_000,
  }, async () => {
    const change = (specs: readonly FunctionSpec[]): FunctionSpec[] =>
      specs.flatMap((spec) =>
        spec.name === 'work' ? [spec, { ...spec, name: 'work-small', memoryMb: 96 }] : [spec],
      );
    await within({ change }, async (deployed) => {
      const { lambda, demo } = deployed;
      const jobs = await Promise.all(
        Array.from({ length: 10 }, (_, index) => {
          const prompt = `${index}. ${'All work and no play. '.repeat(180_000)}`;
          return submitted(deployed, prompt, 'demo?tokens=40&rate=20');
        }),
      );
      const event = await jobsEvent(deployed);
      expect(event.Records).toHaveLength(10);
      expect(await lambda.invoke('work-small', event)).toMatchObject({
        kind: 'error',
        reason: 'out-of-memory',
      });
      await showAgain(deployed, event);
      await finish(
        deployed,
        jobs.map(({ id }) => id),
      );
      for (const { result_url: url } of jobs) {
        expect(await result(deployed, url)).toMatchObject({
          status: 'completed',
          usage: { output_tokens: 40 },
        });
      }
      const open = (await generationsFor(demo.baseUrl)).filter((generation) => generation.open);
      expect(open).toEqual([]);
    });
  });
});
