import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import {
  type BundledPackage,
  bundledPackages,
  dependenciesPath,
  renderDependencies,
} from '../../../scripts/dependencies.ts';

let packages: readonly BundledPackage[];
beforeAll(async () => {
  packages = await bundledPackages();
}, 120_000);

test('the list of what is in the bundles is up to date (else: npm run dependencies)', async () => {
  expect(await readFile(dependenciesPath, 'utf8')).toBe(renderDependencies(packages));
});

test('what is in the bundles may be used by anybody for anything', () => {
  const permissive = ['MIT', 'MIT-0', 'Apache-2.0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause'];
  for (const { name, licence } of packages) expect(permissive, name).toContain(licence);
});

test('nothing of what is in the bundles is there for development alone', async () => {
  const locked = JSON.parse(await readFile('package-lock.json', 'utf8')).packages;
  for (const { name, version } of packages) {
    expect(locked[`node_modules/${name}`], name).toMatchObject({ version });
    expect(locked[`node_modules/${name}`], name).not.toHaveProperty('dev');
  }
});
