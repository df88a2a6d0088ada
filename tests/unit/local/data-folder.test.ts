import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeDataFolder } from '../../../local/data-folder.ts';
import { openLocalServer } from '../../../local/gateway/local-server.ts';

async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'outlast-data-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A lock as another process leaves it; the parent of this one is alive. */
async function lockAs(dir: string, port: number, pid = process.ppid): Promise<void> {
  await writeFile(path.join(dir, 'lock.json'), JSON.stringify({ pid, port }));
}

test('a second run cannot take a folder that is in use', async () => {
  const dir = await temporaryDir();
  const server = await openLocalServer(0);
  onTestFinished(() => server.close());
  await lockAs(dir, server.port);
  await expect(takeDataFolder(dir, { fresh: false, port: 1 })).rejects.toThrow(
    `is in use by another Outlast (process ${process.ppid}, port ${server.port})`,
  );
});

test.each(['', 'not JSON', '{"pid":1}'])('a lock that says %j is taken over', async (text) => {
  const dir = await temporaryDir();
  await writeFile(path.join(dir, 'lock.json'), text);
  await expect(takeDataFolder(dir, { fresh: false, port: 1 })).resolves.toBeDefined();
});

test('a lock whose process id now belongs to a program that does not listen is taken over', async () => {
  const dir = await temporaryDir();
  const server = await openLocalServer(0);
  const { port } = server;
  await server.close();
  await lockAs(dir, port);
  const folder = await takeDataFolder(dir, { fresh: false, port: 7 });
  expect(JSON.parse(await readFile(path.join(dir, 'lock.json'), 'utf8'))).toEqual({
    pid: process.pid,
    port: 7,
  });
  await folder.release();
  await expect(access(path.join(dir, 'lock.json'))).rejects.toThrow();
});

test('a fresh start empties the table and the logs, and touches nothing else', async () => {
  const dir = await temporaryDir();
  await mkdir(path.join(dir, 'table'));
  await writeFile(path.join(dir, 'table', 'CURRENT'), 'x');
  await writeFile(path.join(dir, 'mine.txt'), 'x');
  const { tableDir, logDir } = await takeDataFolder(dir, { fresh: true, port: 1 });
  await expect(access(tableDir)).rejects.toThrow();
  await access(logDir);
  await access(path.join(dir, 'mine.txt'));
});

test('a folder that cannot be written is told in one line', async () => {
  const dir = await temporaryDir();
  const file = path.join(dir, 'file');
  await writeFile(file, '');
  await expect(takeDataFolder(file, { fresh: false, port: 1 })).rejects.toThrow(
    `The data folder ${file} cannot be used: `,
  );
});

test('where a run is reached is told until the folder is released, and not after a crash', async () => {
  const dir = await temporaryDir();
  const endpointsPath = path.join(dir, 'endpoints.json');
  const endpoints = {
    url: 'http://127.0.0.1:1',
    region: 'us-east-1',
    tableEndpoint: 'http://127.0.0.1:2',
    tableNames: ['t'],
    queueEndpoint: 'http://127.0.0.1:3',
    queueUrls: [],
  };
  const crashed = await takeDataFolder(dir, { fresh: false, port: 1 });
  await crashed.publish(endpoints);
  expect(JSON.parse(await readFile(endpointsPath, 'utf8'))).toEqual(endpoints);
  const folder = await takeDataFolder(dir, { fresh: false, port: 1 });
  await expect(access(endpointsPath)).rejects.toThrow('ENOENT');
  await folder.publish(endpoints);
  await folder.release();
  await expect(access(endpointsPath)).rejects.toThrow('ENOENT');
});
