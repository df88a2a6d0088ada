import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { CommandFault } from './command-fault.ts';

const endpointsSchema = z.object({
  url: z.string(),
  region: z.string(),
  tableEndpoint: z.string(),
  tableNames: z.array(z.string()).check(z.minLength(1)),
  queueEndpoint: z.optional(z.string()),
  queueUrls: z.optional(z.array(z.string())),
});

/** Where a running `npm start` is reached. */
export type LocalEndpoints = z.infer<typeof endpointsSchema> & {
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What to say when nobody answers there. */
  readonly unreachable: string;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** For what such a file ought to say, and does not. */
export const otherVersion = (dataDir: string): CommandFault =>
  new CommandFault(`${dataDir}/endpoints.json is of another version: restart npm start.`);

/** What the local runtime says of itself in its data folder. Throws CommandFault when it does not run. */
export const readLocalEndpoints = async (dataDir: string): Promise<LocalEndpoints> => {
  const unreachable = `No local Outlast runs with the data folder ${dataDir}: start it with npm start, name its folder with --data DIR, or a deployed stage with --stage STAGE.`;
  const text = await readFile(path.join(dataDir, 'endpoints.json'), 'utf8').catch(() => {
    throw new CommandFault(unreachable);
  });
  const { data } = endpointsSchema.safeParse(parseJson(text));
  if (data === undefined) throw otherVersion(dataDir);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { ...data, credentials, unreachable };
};
