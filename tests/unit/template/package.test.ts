import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildFunctions } from '../../../scripts/build.ts';

const names = ['authorize', 'control', 'read', 'submit', 'sweep', 'work'];

/** The names in a zip archive, from its central directory (APPNOTE.TXT 4.3.12). */
function archivedNames(archive: Buffer): string[] {
  const found: string[] = [];
  const header = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
  for (let at = archive.indexOf(header); at >= 0; at = archive.indexOf(header, at + 4)) {
    const nameBytes = archive.readUInt16LE(at + 28);
    found.push(archive.toString('utf8', at + 46, at + 46 + nameBytes));
  }
  return found;
}

describe.each(names)('the package of %s', (name) => {
  test('ships its own bundle and nothing else', async () => {
    const shipped = archivedNames(await readFile(`.serverless/${name}.zip`));
    expect(shipped).toContain(`dist/${name}/index.mjs`);
    const foreign = shipped.filter((path) => !/^dist\/\w+\/[\w.-]+\.mjs$/.test(path));
    expect(foreign).toEqual([]);
    expect(shipped.filter((path) => !path.startsWith(`dist/${name}/`))).toEqual([]);
  });
});

test('the same sources give the same bundles', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'outlast-build-'));
  const [first, second] = [join(elsewhere, 'first'), join(elsewhere, 'second')];
  try {
    await Promise.all([buildFunctions(first), buildFunctions(second)]);
    for (const name of names) {
      const bundle = join(name, 'index.mjs');
      expect(await readFile(join(first, bundle))).toEqual(await readFile(join(second, bundle)));
    }
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});
