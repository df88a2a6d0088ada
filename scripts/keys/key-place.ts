import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import type { KeyTable } from '../../lib/compose/keys.ts';
import { defaultRegion } from '../aws/client.ts';
import { CommandFault } from '../aws/command-fault.ts';
import { findStack, stackName } from '../aws/find-stack.ts';
import type { Target } from './arguments.ts';

export type KeyPlace = KeyTable & {
  /** Where the keys of the table are good; undefined when only the table is known. */
  readonly apiUrl: string | undefined;
  /** What to say when nobody answers there. */
  readonly unreachable: string | undefined;
};

const endpointsSchema = z.object({
  url: z.string(),
  region: z.string(),
  tableEndpoint: z.string(),
  tableNames: z.array(z.string()).check(z.minLength(1)),
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const localPlace = async (dataDir: string): Promise<KeyPlace> => {
  const absent = `No local Outlast runs with the data folder ${dataDir}: start it with npm start, name its folder with --data DIR, or a deployed stage with --stage STAGE.`;
  const text = await readFile(path.join(dataDir, 'endpoints.json'), 'utf8').catch(() => {
    throw new CommandFault(absent);
  });
  const endpoints = endpointsSchema.safeParse(parseJson(text));
  const tableName = endpoints.data?.tableNames[0];
  if (!endpoints.success || tableName === undefined) {
    throw new CommandFault(`${dataDir}/endpoints.json is of another version: restart npm start.`);
  }
  return {
    tableName,
    client: {
      region: endpoints.data.region,
      endpoint: endpoints.data.tableEndpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    apiUrl: endpoints.data.url,
    unreachable: absent,
  };
};

const deployedTable = async (stage: string, region: string) => {
  const stack = await findStack(stage, region);
  if (stack === undefined) {
    throw new CommandFault(
      `There is no stack ${stackName(stage)} in ${region}: deploy it with npx serverless deploy --stage ${stage} --region ${region}, or name its region with --region.`,
    );
  }
  const tableName = stack.outputs.get('TableName');
  if (tableName !== undefined) return { tableName, apiUrl: stack.outputs.get('ApiUrl') };
  throw new CommandFault(
    `The stack ${stack.name} has no output TableName (it is ${stack.status}): name the table with --table NAME.`,
  );
};

/** The table that is meant. Throws CommandFault when it cannot be found, or what the SDK throws. */
export const findKeyPlace = async (target: Target): Promise<KeyPlace> => {
  if (target.kind === 'local') return localPlace(target.dataDir);
  const { stage, table, region = defaultRegion } = target;
  const found =
    table === undefined && stage !== undefined
      ? await deployedTable(stage, region)
      : { tableName: table ?? '', apiUrl: undefined };
  return { ...found, client: { region }, unreachable: undefined };
};
