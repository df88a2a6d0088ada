import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, loadedAtImport } from '../../../scripts/build/loaded-at-import.ts';
import { bundleOptions, functionNames } from '../../../scripts/build.ts';

/**
 * Kilobytes that each function may load when it is imported, a few percent above what it does. What
 * must grow may: `npm run bench -- cold-start` tells what that costs.
 */
const budgetsKb: Readonly<Record<string, number>> = {
  authorize: 264,
  control: 515,
  deliver: 372,
  read: 405,
  submit: 545,
  sweep: 403,
  work: 486,
};

type Loaded = { readonly bytes: number; readonly sources: readonly string[] };
const loaded = new Map<string, Loaded>();

/** Takes seconds; a machine that does other things takes as many minutes. */
const buildsMs = 180_000;
beforeAll(async () => {
  for (const name of await functionNames()) {
    const options = { ...bundleOptions(name, 'dist'), sourcemap: false, write: false };
    const { metafile } = await build(options);
    const { outputs } = metafile;
    const entry = Object.keys(outputs).find((output) => output.endsWith('/index.mjs')) ?? '';
    const files = loadedAtImport(outputs, entry);
    loaded.set(name, {
      bytes: bytesOf(outputs, files),
      sources: files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {})),
    });
  }
}, buildsMs);

test('every function has a budget', () => {
  expect([...loaded.keys()].toSorted()).toEqual(Object.keys(budgetsKb).toSorted());
});

describe.each(Object.entries(budgetsKb))('%s', (name, budgetKb) => {
  test(`loads at most ${budgetKb} kB at its import`, () => {
    const { bytes = Number.NaN } = loaded.get(name) ?? {};
    expect(bytes).toBeGreaterThan(0);
    expect(bytes / 1000).toBeLessThanOrEqual(budgetKb);
  });

  test('loads neither the model SDK nor the parameter store’s client before it needs them', () => {
    const { sources = [] } = loaded.get(name) ?? {};
    expect(
      sources.filter((source) => /node_modules\/(openai|@aws-sdk\/client-ssm)\//.test(source)),
    ).toEqual([]);
  });
});

test('the authorizer starts without schemas', () => {
  const { sources = [] } = loaded.get('authorize') ?? {};
  expect(sources.filter((source) => source.includes('node_modules/zod/'))).toEqual([]);
});
