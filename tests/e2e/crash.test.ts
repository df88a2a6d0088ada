import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { type Service, startService } from '../fixtures/service.ts';
import { resultOf, waitFor } from '../fixtures/wait-for.ts';

type Status = {
  functions: { name: string; sandboxes: { pid: number; busy: boolean }[] }[];
};

let demo: DemoModel;
const upstream = () => ({
  OPENAI_BASE_URL: demo.baseUrl,
  OPENAI_API_KEY: 'demo',
  OPENAI_MODEL: 'demo',
  ADMIT_UNSEEN: 'inline',
});
beforeAll(async () => {
  demo = await startDemoModel();
});
afterAll(() => demo.close());

const generating = (prompt: string) =>
  waitFor(
    () => generationsFor(demo.baseUrl, prompt),
    (generations) => generations.some(({ open, text }) => open && text.length > 40),
    60_000,
  );

const busySandboxes = async (service: Service, name: string): Promise<number[]> => {
  const status = (await (await fetch(`${service.url}/_local/status`)).json()) as Status;
  return (status.functions.find((found) => found.name === name)?.sandboxes ?? [])
    .filter(({ busy }) => busy)
    .map(({ pid }) => pid);
};

describe.concurrent('a crash', () => {
  it('of the worker in mid-generation loses nothing and mixes nothing', {
    timeout: 240_000,
  }, async () => {
    const service = await startService(upstream());
    try {
      const prompt = 'Killed in mid-sentence.';
      const { body } = await service.post(
        { prompt, model: 'demo-20s' },
        { prefer: 'respond-async' },
      );
      await generating(prompt);
      const killedAtMs = Date.now();
      for (const pid of await busySandboxes(service, 'work')) process.kill(pid, 'SIGKILL');
      await waitFor(
        () => generationsFor(demo.baseUrl, prompt),
        (generations) => generations.length === 2,
        120_000,
      );
      expect(Date.now() - killedAtMs).toBeLessThan(120_000);
      const result = await resultOf(body.result_url, 60_000);
      const generations = await generationsFor(demo.baseUrl, prompt);
      expect(generations.map(({ outcome }) => outcome)).toEqual(['client_gone', 'finished']);
      expect(result.body).toMatchObject({ status: 'completed', attempts: 2 });
      expect(result.body.text).toBe(generations[1]?.text);
    } finally {
      await service.interrupt();
    }
  });

  it('of the function that holds the client’s request still finishes the job', {
    timeout: 240_000,
  }, async () => {
    const service = await startService(upstream());
    try {
      const prompt = 'Killed while the client waits.';
      const reply = service.post({ prompt, model: 'demo-15s' });
      await generating(prompt);
      for (const pid of await busySandboxes(service, 'submit')) process.kill(pid, 'SIGKILL');
      expect(await reply).toMatchObject({
        status: 502,
        body: { error: { type: expect.any(String) } },
      });
      const generations = await waitFor(
        () => generationsFor(demo.baseUrl, prompt),
        (all) => all.some(({ outcome }) => outcome === 'finished'),
        150_000,
      );
      expect(generations.map(({ outcome }) => outcome)).toEqual(['client_gone', 'finished']);
    } finally {
      await service.interrupt();
    }
  });

  it('of the whole runtime, and a restart, finish what was queued and running', {
    timeout: 300_000,
  }, async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'outlast-e2e-'));
    const before = await startService(
      { ...upstream(), PUBLIC_BASE_URL: 'http://127.0.0.1:1' },
      dataDir,
    );
    const running = await before.post(
      { prompt: 'Running.', model: 'demo-20s' },
      { prefer: 'respond-async' },
    );
    await generating('Running.');
    const done = await before.post({ prompt: 'Done before.' });
    await before.kill();
    const after = await startService(
      { ...upstream(), PUBLIC_BASE_URL: 'http://127.0.0.1:1' },
      dataDir,
    );
    try {
      const here = (url: string): string => url.replace('http://127.0.0.1:1', after.url);
      expect((await resultOf(here(done.body.result_url), 60_000)).body).toMatchObject({
        status: 'completed',
        text: done.body.text,
      });
      const result = await resultOf(here(running.body.result_url), 200_000);
      expect(result.body).toMatchObject({ status: 'completed', attempts: 2 });
    } finally {
      await after.interrupt();
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
