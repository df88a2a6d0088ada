import path from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { bytesOf, loadedAtImport, outputOf } from '../../scripts/build/loaded-at-import.ts';
import { bundleOptions } from '../../scripts/build.ts';

/** What is loaded with the first request that needs it, by the source it begins with. */
const later = {
  upstream: ['lib/adapters/openai-server.ts', 'node_modules/openai/index.mjs'],
  secret: ['@aws-sdk/client-ssm/dist-es/index.js'],
} as const;

type Outputs = Metafile['outputs'];

export type Bundle = {
  readonly name: string;
  readonly url: string;
  readonly importBytes: number;
  readonly importFiles: number;
  /** Loaded with the first call of an upstream, and with the first read of a secret. */
  readonly upstreamBytes: number;
  readonly secretBytes: number;
  readonly allBytes: number;
  /** The AWS clients it loads at import, with the commands that it sends. */
  readonly clients: ReadonlyMap<string, ReadonlySet<string>>;
};

const commandFile = /@aws-sdk\/(client-[\w-]+)\/dist-es\/commands\/(\w+)\.js$/;

const clientsOf = (outputs: Outputs, files: readonly string[]) => {
  const clients = new Map<string, Set<string>>();
  const inputs = files.flatMap((file) => Object.entries(outputs[file]?.inputs ?? {}));
  for (const [input, { bytesInOutput }] of inputs) {
    const [, client, command] = commandFile.exec(input) ?? [];
    if (client === undefined || command === undefined || bytesInOutput === 0) continue;
    clients.set(client, (clients.get(client) ?? new Set()).add(command));
  }
  return clients;
};

const described = (name: string, entry: string, { outputs }: Metafile): Bundle => {
  const atImport = loadedAtImport(outputs, entry);
  const bytesLater = (sources: readonly string[]): number => {
    const files = sources.flatMap((source) => {
      const output = outputOf(outputs, source);
      return output === undefined ? [] : loadedAtImport(outputs, output);
    });
    const others = new Set(files.filter((file) => !atImport.includes(file)));
    return bytesOf(outputs, others);
  };
  const modules = Object.keys(outputs).filter((output) => output.endsWith('.mjs'));
  return {
    name,
    url: path.resolve(entry),
    importBytes: bytesOf(outputs, atImport),
    importFiles: atImport.length,
    upstreamBytes: bytesLater(later.upstream),
    secretBytes: bytesLater(later.secret),
    allBytes: bytesOf(outputs, modules),
    clients: clientsOf(outputs, atImport),
  };
};

const entryIn = (outputs: Outputs): string => {
  const entry = Object.keys(outputs).find((output) => output.endsWith('/index.mjs'));
  if (entry === undefined) throw new Error('esbuild wrote no index.mjs');
  return entry;
};

/** A function as it is deployed. */
export const functionBundle = async (name: string, folder: string): Promise<Bundle> => {
  const { metafile } = await build({ ...bundleOptions(name, folder), sourcemap: false });
  return described(name, entryIn(metafile.outputs), metafile);
};

/** A few lines bundled like a function, with `more` options. */
export const textBundle = async (
  name: string,
  text: string,
  folder: string,
  more: BuildOptions = {},
): Promise<Bundle> => {
  const { entryPoints: _none, ...options } = bundleOptions(name, folder);
  const { metafile } = await build({
    ...options,
    sourcemap: false,
    ...more,
    entryNames: 'index',
    metafile: true,
    stdin: { contents: text, resolveDir: process.cwd(), sourcefile: `${name}.js` },
  });
  return described(name, entryIn(metafile.outputs), metafile);
};
