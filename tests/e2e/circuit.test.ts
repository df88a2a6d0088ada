import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { type Door, startDoor } from '../fixtures/door.ts';
import { type Answer, type Service, startService } from '../fixtures/service.ts';
import { resultOf } from '../fixtures/wait-for.ts';

let demo: DemoModel;
let door: Door;
let service: Service;
beforeAll(async () => {
  demo = await startDemoModel();
  door = await startDoor(Number(new URL(demo.baseUrl).port));
  const baseUrl = new URL(demo.baseUrl);
  baseUrl.port = String(door.port);
  service = await startService({
    OPENAI_BASE_URL: baseUrl.href,
    OPENAI_MODEL: 'demo',
    ADMIT_UNSEEN: 'inline',
  });
});
afterAll(async () => {
  await service.interrupt();
  await door.shut();
  await demo.close();
});

const ask = (prompt: string, prefer: string): Promise<Answer> =>
  service.post({ prompt, model: 'demo?tokens=20&rate=400' }, { prefer });

const ledgerOf = async (id: string) => {
  const response = await fetch(`${service.url}/jobs/${id}`, {
    headers: { authorization: 'Bearer sk-outlast-local' },
  });
  return response.json();
};

it('a dead model server is left alone until it is back, and loses nobody’s job', {
  timeout: 400_000,
}, async () => {
  expect((await ask('While it is well.', 'wait=60')).status).toBe(200);

  await door.shut();
  const accepted: string[] = [];
  let refused: Answer | undefined;
  while (refused === undefined) {
    const answer = await ask('Nobody there.', 'wait=1');
    if (answer.status === 503) refused = answer;
    else accepted.push(answer.headers.get('location') ?? '');
  }
  expect(refused.body.error).toMatchObject({
    code: 'upstream_unavailable',
    message: expect.stringContaining('keeps failing'),
  });
  const retryAfter = Number(refused.headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  expect(retryAfter).toBeLessThanOrEqual(300);

  const queued = await ask('When it is back.', 'respond-async');
  expect(queued.status).toBe(202);
  await expect
    .poll(() => ledgerOf(queued.body.id), { timeout: 60_000 })
    .toMatchObject({
      status: 'queued',
      waiting_for: expect.stringMatching(/^(circuit|retry_budget)$/),
    });

  await door.open();
  for (const url of [queued.headers.get('location') ?? '', ...accepted]) {
    const result = await resultOf(url, 300_000);
    expect(result.body).toMatchObject({ status: 'completed' });
  }
  await expect
    .poll(async () => (await ask('As before.', 'wait=60')).status, { timeout: 60_000 })
    .toBe(200);
});
