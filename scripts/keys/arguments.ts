import { CommandFault } from '../aws/command-fault.ts';
import { parseTarget, readArguments, type Target, targetOptions, targetUsage } from './target.ts';

export type KeysCommand = { readonly target: Target } & (
  | {
      readonly verb: 'create';
      readonly tenant: string;
      readonly scopes: readonly string[] | undefined;
      readonly expires: string | undefined;
    }
  | { readonly verb: 'list' | 'callback-secret'; readonly tenant: string }
  | { readonly verb: 'revoke'; readonly tenant: string; readonly keyId: string }
  | { readonly verb: 'rotate-signing' }
);

const usage = `Usage: npm run keys -- create|list|revoke --tenant NAME [--scopes generate,read,admin] [--expires 90d|TIME] [--id KEYID] ${targetUsage}, npm run keys -- callback-secret --tenant NAME ${targetUsage}, or npm run keys -- rotate-signing ${targetUsage}`;

const options = {
  tenant: { type: 'string' },
  scopes: { type: 'string' },
  expires: { type: 'string' },
  id: { type: 'string' },
  ...targetOptions,
} as const;

/** What each command takes beside the table. */
const flagsOf = new Map([
  ['create', ['tenant', 'scopes', 'expires']],
  ['list', ['tenant']],
  ['callback-secret', ['tenant']],
  ['revoke', ['tenant', 'id']],
  ['rotate-signing', []],
]);

const wrong = (fault: string): CommandFault => new CommandFault(`${fault} ${usage}`);

/** What the arguments ask for. Throws CommandFault with what is wrong, and how it is used. */
export const parseKeysCommand = (args: readonly string[]): KeysCommand => {
  const { verb, values } = readArguments(args, options, wrong);
  const { tenant, scopes, expires, id } = values;
  const flags = flagsOf.get(verb ?? '');
  if (verb === undefined) throw wrong('What is to be done?');
  if (flags === undefined) throw wrong(`Unknown command ${verb}.`);
  const given = Object.entries({ tenant, scopes, expires, id }).filter(([, value]) => value);
  const needless = given.find(([flag]) => !flags.includes(flag))?.[0];
  if (needless !== undefined) throw wrong(`--${needless} is not for ${verb}.`);
  const target = parseTarget(values, wrong);
  if (verb === 'rotate-signing') return { verb, target };
  if (tenant === undefined) throw wrong('--tenant is missing.');
  if (verb === 'create') {
    const list = scopes?.split(',').map((scope) => scope.trim());
    return { verb, tenant, target, scopes: list, expires };
  }
  if (verb === 'list' || verb === 'callback-secret') return { verb, tenant, target };
  if (id === undefined) throw wrong('--id is missing: list shows the ids.');
  return { verb: 'revoke', tenant, target, keyId: id };
};
