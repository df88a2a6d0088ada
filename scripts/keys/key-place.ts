import type { KeyTable } from '../../lib/compose/keys.ts';
import { defaultRegion } from '../aws/client.ts';
import { CommandFault } from '../aws/command-fault.ts';
import { findStack, stackName } from '../aws/find-stack.ts';
import { readLocalEndpoints } from '../aws/local-endpoints.ts';
import type { Target } from './target.ts';

export type KeyPlace = KeyTable & {
  /** Where the keys of the table are good; undefined when only the table is known. */
  readonly apiUrl: string | undefined;
  /** What to say when nobody answers there. */
  readonly unreachable: string | undefined;
};

const localPlace = async (dataDir: string): Promise<KeyPlace> => {
  const { tableNames, region, credentials, tableEndpoint, url, unreachable } =
    await readLocalEndpoints(dataDir);
  const [tableName = ''] = tableNames;
  return {
    tableName,
    client: { region, credentials, endpoint: tableEndpoint },
    apiUrl: url,
    unreachable,
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
