import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, type Service, spawnStart, startService } from '../fixtures/service.ts';
import { waitFor } from '../fixtures/wait-for.ts';

type Status = {
  functions: {
    name: string;
    memoryMb: number;
    timeoutMs: number;
    invocations: number;
    billedMs: number;
    sandboxes: { pid: number; busy: boolean }[];
  }[];
  queues: { name: string; visible: number; inFlight: number; delayed: number }[];
};

const statusOf = async (service: Service): Promise<Status> =>
  (await (await fetch(`${service.url}/_local/status`)).json()) as Status;

const refused = async (environment: Record<string, string>, ...flags: string[]) => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outlast-e2e-'));
  const { exited, output } = spawnStart({ PORT: '0', ...environment }, [
    '--data',
    dataDir,
    ...flags,
  ]);
  const code = await exited;
  await rm(dataDir, { recursive: true, force: true });
  return { code, output: output() };
};

const expectNoStack = (output: string): void => {
  expect(output).not.toMatch(/\n\s+at |Warning|node:internal/);
};

describe('npm start', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.interrupt());

  it('prints one line when it is ready, the key, and a curl line that works when pasted', async () => {
    const lines = service.output().split('\n');
    expect(lines.filter((line) => line.startsWith('Outlast is ready at '))).toEqual([
      `Outlast is ready at ${service.url}`,
    ]);
    expect(service.output()).toMatch(/sk-outlast-local.*tenant local/);
    expect(service.output()).toMatch(/demo model/);
    expectNoStack(service.output());
    const curl = lines.find((line) => line.startsWith('curl ')) ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} --silent`]);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'completed', text: expect.any(String) });
  });

  it('shows its functions, sandboxes and queues', async () => {
    const { functions, queues } = await statusOf(service);
    expect(functions.map(({ name }) => name).toSorted()).toEqual([
      'authorize',
      'control',
      'deliver',
      'read',
      'submit',
      'sweep',
      'work',
    ]);
    expect(functions.find(({ name }) => name === 'work')).toMatchObject({ timeoutMs: 900_000 });
    expect(functions.find(({ name }) => name === 'submit')?.billedMs).toBeGreaterThan(0);
    expect(queues).toHaveLength(4);
    expect(queues[0]).toMatchObject({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('refuses a host name that is not a loopback one', async () => {
    const { port } = new URL(service.url);
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    request(
      {
        host: '127.0.0.1',
        port,
        path: '/_local/status',
        headers: { host: `evil.example:${port}` },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on('error', reject)
      .end();
    expect(await promise).toBe(403);
  });

  it('says in one line that the port or the data folder is taken', async () => {
    const { port } = new URL(service.url);
    const onPort = await refused({ PORT: port });
    expect(onPort.code).toBe(1);
    expect(onPort.output.trim().split('\n')).toEqual([
      expect.stringContaining(`Port ${port} is in use`),
    ]);
    const onFolder = await refused({}, '--data', service.dataDir);
    expect(onFolder.code).toBe(1);
    expect(onFolder.output).toMatch(/in use by another Outlast/);
    expectNoStack(onFolder.output);
  });

  it('lists every fault of the configuration and does not start', async () => {
    const wrong = await refused({
      WAIT_DEFAULT_MS_GENERATE: 'soon',
      CORS_ORIGINS: 'example.com/x',
      LOG_LEVEL: 'LOUD',
    });
    expect(wrong.code).toBe(1);
    for (const name of ['WAIT_DEFAULT_MS_GENERATE', 'CORS_ORIGINS', 'LOG_LEVEL']) {
      expect(wrong.output).toContain(name);
    }
    expectNoStack(wrong.output);
    const keyed = await refused({ UPSTREAMS: '[{"name":"groq","apiKeyParameter":"/groq"}]' });
    expect(keyed.code).toBe(1);
    expect(keyed.output).toMatch(/^UPSTREAMS has apiKeyParameter \(groq\), but .*$/m);
    expectNoStack(keyed.output);
    const settings = await refused({ PORT: 'x', OPENAI_BASE_URL: 'nowhere' }, '--colour');
    expect(settings.code).toBe(1);
    for (const name of ['PORT', 'OPENAI_BASE_URL', '--colour'])
      expect(settings.output).toContain(name);
    expectNoStack(settings.output);
  });
});

describe.concurrent('the end of npm start', () => {
  it('by Ctrl-C takes every child along', async () => {
    const service = await startService();
    await service.post({ prompt: 'Before the end.' });
    const { functions } = await statusOf(service);
    const pids = functions.flatMap(({ sandboxes }) => sandboxes.map(({ pid }) => pid));
    expect(pids.length).toBeGreaterThanOrEqual(6);
    await service.interrupt();
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(fetch(`${service.url}/health`)).rejects.toThrow();
  });

  it('by SIGTERM is no failure', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'outlast-e2e-'));
    const main = spawn(process.execPath, ['local/main.ts', '--data', dataDir], {
      env: { PATH: process.env['PATH'], PORT: '0' },
    });
    main.stdout.once('data', () => main.kill('SIGTERM'));
    const [code] = await once(main, 'exit');
    expect(code).toBe(0);
    await rm(dataDir, { recursive: true, force: true });
  });

  it('by SIGKILL leaves no sandbox behind', async () => {
    const service = await startService();
    const { functions } = await statusOf(service);
    const pids = functions.flatMap(({ sandboxes }) => sandboxes.map(({ pid }) => pid));
    await service.kill();
    await waitFor(
      async () => pids.filter(isAlive),
      (alive) => alive.length === 0,
      90_000,
    );
    await rm(service.dataDir, { recursive: true, force: true });
  });
});
