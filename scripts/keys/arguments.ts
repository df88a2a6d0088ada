import { parseArgs } from 'node:util';
import { CommandFault } from '../aws/command-fault.ts';

/** Which table: the local runtime's, or a deployed stage's, found by its stack unless it is named. */
export type Target =
  | { readonly kind: 'local'; readonly dataDir: string }
  | {
      readonly kind: 'deployed';
      readonly stage: string | undefined;
      readonly region: string | undefined;
      readonly table: string | undefined;
    };

export type KeysCommand = { readonly tenant: string; readonly target: Target } & (
  | { readonly verb: 'create'; readonly scopes: readonly string[] | undefined }
  | { readonly verb: 'list' }
  | { readonly verb: 'revoke'; readonly keyId: string }
);

const usage =
  'Usage: npm run keys -- create|list|revoke --tenant NAME [--scopes generate,read,admin] [--id KEYID] [--stage STAGE] [--region REGION] [--table NAME] [--data DIR]';

const options = {
  tenant: { type: 'string' },
  scopes: { type: 'string' },
  id: { type: 'string' },
  stage: { type: 'string' },
  region: { type: 'string' },
  table: { type: 'string' },
  data: { type: 'string' },
} as const;
type Flag = keyof typeof options;
type Values = Readonly<Partial<Record<Flag, string>>>;

const wrong = (fault: string): CommandFault => new CommandFault(`${fault} ${usage}`);

const parse = (
  args: readonly string[],
): { readonly verb: string | undefined; readonly values: Values } => {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
    });
    const [verb, ...rest] = positionals;
    if (rest.length > 0) throw new Error(`Unknown argument ${rest.join(' ')}.`);
    return { verb, values };
  } catch (thrown) {
    // Node goes on to explain how a positional argument could begin with a dash.
    const [sentence] = (thrown instanceof Error ? thrown.message : '').split(/\.(?:\s|$)/);
    throw wrong(`${sentence || 'The arguments cannot be read'}.`);
  }
};

const stageFormat = /^[A-Za-z][A-Za-z0-9-]{0,100}$/;

const parseTarget = ({ stage, region, table, data }: Values): Target => {
  if (stage === undefined && table === undefined) {
    if (region !== undefined) throw wrong('--region needs --stage or --table.');
    return { kind: 'local', dataDir: data ?? '.outlast' };
  }
  if (data !== undefined) throw wrong('--data is for the local table, without --stage or --table.');
  if (stage !== undefined && !stageFormat.test(stage))
    throw wrong(`${JSON.stringify(stage)} is no stage.`);
  return { kind: 'deployed', stage, region, table };
};

/** What the arguments ask for. Throws CommandFault with what is wrong, and how it is used. */
export const parseKeysCommand = (args: readonly string[]): KeysCommand => {
  const { verb, values } = parse(args);
  const { tenant, scopes, id } = values;
  const empty = Object.entries(values).find(([, value]) => value.trim() === '')?.[0];
  if (empty !== undefined) throw wrong(`--${empty} is empty.`);
  if (verb !== 'create' && verb !== 'list' && verb !== 'revoke') {
    throw wrong(verb === undefined ? 'What is to be done?' : `Unknown command ${verb}.`);
  }
  if (tenant === undefined) throw wrong('--tenant is missing.');
  if (verb !== 'create' && scopes !== undefined) throw wrong('--scopes is for create.');
  if (verb !== 'revoke' && id !== undefined) throw wrong('--id is for revoke.');
  const target = parseTarget(values);
  if (verb === 'create') {
    return { verb, tenant, target, scopes: scopes?.split(',').map((scope) => scope.trim()) };
  }
  if (verb === 'list') return { verb, tenant, target };
  if (id === undefined) throw wrong('--id is missing: list shows the ids.');
  return { verb, tenant, target, keyId: id };
};
