import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';

/** What the user of the local runtime may set. */
export type Settings = {
  /** 0 takes a free port. */
  port: number;
  dataDir: string;
  /** Begin with an empty data folder. */
  fresh: boolean;
  /** Show the functions' logs on the console. */
  verbose: boolean;
  /** The model server to use; undefined is the real one, or the demo model when there is no key. */
  openaiBaseUrl: string | undefined;
  /** The model of requests that name none. */
  openaiModel: string | undefined;
  openaiApiKey: string | undefined;
};

/** The settings, or every fault in them. */
export type SettingsReading =
  | { kind: 'read'; settings: Settings }
  | { kind: 'faulty'; faults: string[] };

const portSchema = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((port) => port <= 65_535);

/** Reads the settings from the environment and the arguments; all faults are given together. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): SettingsReading {
  const flags = readFlags(args);
  const faults = [...flags.faults];
  const port = portSchema.safeParse(setting(environment, 'PORT') ?? '3000');
  if (!port.success) faults.push('PORT must be a whole number from 0 to 65535.');
  const openaiBaseUrl = setting(environment, 'OPENAI_BASE_URL');
  if (
    openaiBaseUrl !== undefined &&
    !(isHttpUrl(openaiBaseUrl) && !hasCredentials(openaiBaseUrl))
  ) {
    faults.push(
      'OPENAI_BASE_URL must be an http or https URL without credentials, e.g. http://127.0.0.1:11434/v1.',
    );
  }
  const publicBaseUrl = setting(environment, 'PUBLIC_BASE_URL');
  if (publicBaseUrl !== undefined && !isHttpUrl(publicBaseUrl)) {
    faults.push('PUBLIC_BASE_URL must be an http or https URL.');
  }
  if (!port.success || faults.length > 0) return { kind: 'faulty', faults };
  const settings = {
    port: port.data,
    dataDir: path.resolve(flags.dataDir),
    fresh: flags.fresh,
    verbose: flags.verbose,
    openaiBaseUrl,
    openaiModel: setting(environment, 'OPENAI_MODEL'),
    openaiApiKey: setting(environment, 'OPENAI_API_KEY'),
  };
  return { kind: 'read', settings };
}

/** A variable that is empty counts as not set. */
function setting(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
}

/** They would be shown on the console and in error messages; keys have a variable of their own. */
function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

type Flags = { faults: string[]; dataDir: string; fresh: boolean; verbose: boolean };

const knownFlags = 'Known are --fresh, --data DIR and --verbose.';

function readFlags(args: readonly string[]): Flags {
  const flags: Flags = { faults: [], dataDir: '.outlast', fresh: false, verbose: false };
  const options = {
    fresh: { type: 'boolean' },
    verbose: { type: 'boolean' },
    data: { type: 'string' },
  } as const;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional')
      flags.faults.push(`Unknown argument ${token.value}. ${knownFlags}`);
    if (token.kind !== 'option') continue;
    if (token.name === 'data') {
      if (token.value) flags.dataDir = token.value;
      else flags.faults.push('--data needs a folder, e.g. --data .outlast.');
    } else if (token.name !== 'fresh' && token.name !== 'verbose') {
      flags.faults.push(`Unknown flag ${token.rawName}. ${knownFlags}`);
    } else if (token.value !== undefined) {
      flags.faults.push(`${token.rawName} takes no value.`);
    } else {
      flags[token.name] = true;
    }
  }
  return flags;
}
