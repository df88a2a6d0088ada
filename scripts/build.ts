import { readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { builtinModulesPlugin } from './build/builtin-modules.ts';

const functionsDir = 'functions';

/**
 * Bundles each `functions/<name>.ts` into `<outputDir>/<name>/index.mjs` with all it depends on, so
 * that a function needs nothing but Node. A dynamic import becomes a chunk beside it. The same
 * sources give the same bytes. Resolves to the functions' names; throws with esbuild's message.
 */
export async function buildFunctions(outputDir: string): Promise<string[]> {
  const names = await functionNames();
  const built = await Promise.all(names.map((name) => bundleFunction(name, outputDir)));
  await removeAllBut(new Set(built.flat()), outputDir);
  return names;
}

/** How the bundle of a function is made, as a pure function of its sources. */
export function bundleOptions(name: string, outputDir: string) {
  return {
    entryPoints: { index: join(functionsDir, `${name}.ts`) },
    outdir: join(outputDir, name),
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Packages that ship both are taken as ES modules, which tree-shake and need no `require`.
    mainFields: ['module', 'main'],
    minify: true,
    keepNames: true,
    // Beside the bundle for reading a stack trace; not shipped.
    sourcemap: 'external',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [builtinModulesPlugin],
  } satisfies BuildOptions;
}

/** The functions there are, one a file. */
export async function functionNames(): Promise<string[]> {
  const entries = await readdir(functionsDir);
  return entries.filter((entry) => entry.endsWith('.ts')).map((entry) => basename(entry, '.ts'));
}

async function bundleFunction(name: string, outputDir: string): Promise<string[]> {
  const { metafile } = await build(bundleOptions(name, outputDir));
  return Object.keys(metafile.outputs).map((path) => resolve(path));
}

/** Afterwards, not before: a runtime that is up keeps finding the bundles it was started with. */
async function removeAllBut(built: ReadonlySet<string>, outputDir: string): Promise<void> {
  const entries = await readdir(outputDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map((file) => resolve(file.parentPath, file.name));
  await Promise.all(paths.filter((path) => !built.has(path)).map((path) => rm(path)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // esbuild has printed where and why.
  await buildFunctions('dist').catch(() => process.exit(1));
}
