import { afterAll, beforeAll, expect, test } from 'vitest';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { later, postPatiently, type TimedAnswer } from '../fixtures/deployment/client.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import { queued } from '../fixtures/deployment/stored.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const workers = 2;
const backlog = 300;
const measured = 30;
const clients = 6;

let deployed: Deployment;
beforeAll(async () => {
  deployed = await startDeployment({ triggers: { maximumConcurrency: workers } });
});
afterAll(() => deployed.close());

const busyWorkers = (): number =>
  deployed.lambda
    .status()
    .filter(({ name }) => name === 'work')
    .flatMap(({ sandboxes }) => sandboxes.filter(({ busy }) => busy)).length;

const postOneByOne = async (prompt: string, model: string): Promise<TimedAnswer[]> => {
  const answers: TimedAnswer[] = [];
  for (let left = measured; left > 0; left -= 1) {
    answers.push(await postPatiently(deployed, { prompt, model }, later));
  }
  return answers;
};

const medianMs = (answers: readonly TimedAnswer[]): number =>
  answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[Math.floor(answers.length / 2)] ?? 0;

test('with every worker taken and a long queue, requests are accepted as if there were none', {
  timeout: 180_000,
}, async () => {
  const idle = await postOneByOne('Idle.', 'demo?tokens=1&first_ms=0');
  await waitFor(
    () => queued(deployed),
    (count) => count === 0,
    90_000,
  );

  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let left = backlog / clients; left > 0; left -= 1) {
        const { answer } = await postPatiently(
          deployed,
          { prompt: 'Slow.', model: 'demo-300s' },
          later,
        );
        expect(answer.status).toBe(202);
      }
    }),
  );
  await waitFor(
    async () => busyWorkers(),
    (busy) => busy === workers,
    60_000,
  );
  const started = await generationsFor(deployed.demo.baseUrl, 'Slow.');
  expect(await queued(deployed)).toBe(backlog);
  expect(started.length).toBeLessThanOrEqual(workers * 10);

  const loaded = await postOneByOne('Behind them all.', 'demo');
  for (const { answer } of [...idle, ...loaded]) {
    expect(answer).toMatchObject({ status: 202, body: { status: 'queued', attempts: 0 } });
  }
  // None of the answers can have waited for a worker: none of the workers has come free.
  expect(await generationsFor(deployed.demo.baseUrl, 'Behind them all.')).toEqual([]);
  const still = await generationsFor(deployed.demo.baseUrl, 'Slow.');
  expect(still.filter(({ open }) => open)).toHaveLength(still.length);
  expect(await queued(deployed)).toBe(backlog + measured);
  const [idleMs, loadedMs] = [medianMs(idle), medianMs(loaded)];
  console.log(
    `accepting, median of ${measured}: with free workers ${idleMs.toFixed(1)} ms, behind ${backlog} jobs ${loadedMs.toFixed(1)} ms (× ${(loadedMs / idleMs).toFixed(2)})`,
  );

  const now = await postPatiently(deployed, { prompt: 'Now.' });
  expect(now.answer).toMatchObject({ status: 200, body: { status: 'completed' } });
});
