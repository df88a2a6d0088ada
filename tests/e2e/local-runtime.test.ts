import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { spawnStart, startService } from '../fixtures/service.ts';
import { waitFor } from '../fixtures/wait-for.ts';

async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'outlast-e2e-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('the console says all that a newcomer needs, and nothing else', async () => {
  const service = await startService();
  onTestFinished(async () => void (await service.interrupt()));
  const said = () => service.output().replace(/^Packaging the service \.\.\.\n/, '');
  await waitFor(
    async () => said(),
    (text) => text.includes('Logs: '),
    90_000,
  );
  const lines = said().trimEnd().split('\n');
  expect(lines).toEqual([
    `Outlast is ready at ${service.url}`,
    'API key: sk-outlast-local (tenant local)',
    expect.stringMatching(/^curl /),
    expect.stringContaining('demo model'),
    expect.stringMatching(/OPENAI_API_KEY=.* npm start/),
    expect.stringMatching(/OPENAI_BASE_URL=.* OPENAI_MODEL=.* npm start/),
    `Logs: ${service.dataDir}/logs`,
  ]);
});

test('npm that is told to end leaves no runtime behind', async () => {
  const dir = await temporaryDir();
  const { child, exited, output } = spawnStart({ PORT: '0' }, ['--data', dir]);
  const url = await waitFor(
    async () => /^Outlast is ready at (\S+)$/m.exec(output())?.[1],
    (found) => found !== undefined,
    90_000,
  );
  child.kill('SIGTERM');
  await exited;
  await waitFor(
    () =>
      fetch(`${url}/health`).then(
        () => 'up',
        () => 'down',
      ),
    (state) => state === 'down',
    90_000,
  );
});

test('a finished job survives a restart, and --fresh forgets it', async () => {
  const dir = await temporaryDir();
  const first = await startService({}, dir);
  const { body } = await first.post({ prompt: 'Once.' });
  await first.interrupt();
  const { pathname, search } = new URL(String(body.result_url));

  const second = await startService({}, dir);
  const kept = await fetch(`${second.url}${pathname}${search}`);
  expect([kept.status, await kept.json()]).toMatchObject([200, { text: body.text }]);
  await second.interrupt();

  const { exited, child, output } = spawnStart({ PORT: '0' }, ['--data', dir, '--fresh']);
  const url = await waitFor(
    async () => /^Outlast is ready at (\S+)$/m.exec(output())?.[1],
    (found) => found !== undefined,
    90_000,
  );
  const forgotten = await fetch(`${url}${pathname}${search}`);
  expect(forgotten.status).toBe(403);
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  await exited;
});
