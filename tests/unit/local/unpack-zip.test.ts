import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpackFunction } from '../../../local/function-code.ts';
import { StartFault } from '../../../local/start-fault.ts';
import { unpackZip } from '../../../local/unpack-zip.ts';
import { zipOf } from '../../fixtures/zip.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'outlast-zip-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('files come out as they went in, deflated or stored, in their folders', async () => {
  const long = 'all the same '.repeat(1000);
  const zip = zipOf([
    { name: 'dist/', content: '', method: 0 },
    { name: 'dist/ä.mjs', content: long },
    { name: 'dist/stored.mjs', content: 'as it is', method: 0 },
    { name: 'empty', content: '' },
  ]);
  const target = path.join(folder, 'new');
  await unpackZip(zip, target);
  expect((await readdir(target, { recursive: true })).sort()).toEqual([
    'dist',
    'dist/stored.mjs',
    'dist/ä.mjs',
    'empty',
  ]);
  expect(await readFile(path.join(target, 'dist/ä.mjs'), 'utf8')).toBe(long);
  expect(await readFile(path.join(target, 'dist/stored.mjs'), 'utf8')).toBe('as it is');
  expect(await readFile(path.join(target, 'empty'), 'utf8')).toBe('');
});

test('a file cannot be written outside of the folder', async () => {
  const target = path.join(folder, 'inside');
  for (const name of ['../outside', '/outside', 'a/../../outside']) {
    await expect(unpackZip(zipOf([{ name, content: 'x' }]), target), name).rejects.toThrow(name);
  }
  expect(await readdir(folder)).toEqual([]);
});

test('damaged or foreign content is refused', async () => {
  const zip = zipOf([{ name: 'a', content: 'content', method: 0 }]);
  zip.write('C', zip.indexOf('content'));
  await expect(unpackZip(zip, folder)).rejects.toThrow('a is damaged');
  const other = zipOf([{ name: 'a', content: 'content', method: 93 }]);
  await expect(unpackZip(other, folder)).rejects.toThrow('unknown way (93)');
  await expect(unpackZip(Buffer.from('no archive at all'), folder)).rejects.toThrow('not a zip');
});

test('a function’s folder holds its archive and nothing of an earlier one', async () => {
  const packageDir = path.join(folder, 'package');
  const codeDir = path.join(folder, 'code');
  const fn = { name: 'work', archive: 'work.zip' };
  await expect(unpackFunction(fn, packageDir, codeDir)).rejects.toThrow(StartFault);
  for (const name of ['old.mjs', 'new.mjs']) {
    await mkdir(packageDir, { recursive: true });
    await writeFile(path.join(packageDir, 'work.zip'), zipOf([{ name, content: name }]));
    const taskRoot = await unpackFunction(fn, packageDir, codeDir);
    expect(await readdir(taskRoot)).toEqual([name]);
  }
});
