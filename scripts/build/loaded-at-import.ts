import type { Metafile } from 'esbuild';

type Outputs = Metafile['outputs'];

/** The bundle's files that `path` loads when it is imported, itself included; not what it imports later. */
export function loadedAtImport(outputs: Outputs, path: string): readonly string[] {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    const output = outputs[file];
    if (output === undefined || loaded.has(file)) return;
    loaded.add(file);
    for (const { path: imported, kind } of output.imports) {
      if (kind === 'import-statement') load(imported);
    }
  };
  load(path);
  return [...loaded];
}

/** The output that begins with the source `path`; undefined when the bundle does not load it on its own. */
export function outputOf(outputs: Outputs, path: string): string | undefined {
  return Object.keys(outputs).find((output) => outputs[output]?.entryPoint?.endsWith(path));
}

/** How many bytes these files of a bundle have. */
export function bytesOf(outputs: Outputs, paths: Iterable<string>): number {
  return [...paths].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
}
