import * as z from 'zod';
import { type Flags, readFlags } from './flags.ts';

/** What the user of the local runtime may set. */
export type Settings = Flags & {
  /** 0 takes a free port. */
  port: number;
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
  const { flags, faults } = readFlags(args);
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
    ...flags,
    port: port.data,
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
