import { CommandFault } from '../aws/command-fault.ts';
import {
  parseTarget,
  readArguments,
  type Target,
  targetOptions,
  targetUsage,
} from '../keys/target.ts';
import { type LimitName, limitEntries } from './limit-flags.ts';

export type TenantsCommand = { readonly target: Target } & (
  | { readonly verb: 'list' }
  | { readonly verb: 'show'; readonly tenant: string }
  | {
      readonly verb: 'set';
      readonly tenant: string;
      readonly limits: Readonly<Partial<Record<LimitName, unknown>>>;
    }
  | {
      readonly verb: 'unset';
      readonly tenant: string;
      readonly limits: readonly LimitName[] | 'all';
    }
);

const setUsage = limitEntries.map(([, { flag, value }]) => `[--${flag} ${value}]`).join(' ');
const usage = `Usage: npm run tenants -- list ${targetUsage}, or show --tenant NAME, or set --tenant NAME ${setUsage}, or unset --tenant NAME --all or the names of those flags`;

const wrong = (fault: string): CommandFault => new CommandFault(`${fault} ${usage}`);

const ownOptions = { tenant: { type: 'string' }, ...targetOptions } as const;
const limitOptions = <T extends 'string' | 'boolean'>(type: T) =>
  Object.fromEntries(limitEntries.map(([, { flag }]) => [flag, { type }] as const));

const flagValue = (values: object, flag: string): unknown =>
  new Map<string, unknown>(Object.entries(values)).get(flag);

const tenantOf = (tenant: string | undefined): string => {
  if (tenant !== undefined) return tenant;
  throw wrong('--tenant is missing.');
};

const parseSet = (args: readonly string[]): TenantsCommand => {
  const { values } = readArguments(args, { ...ownOptions, ...limitOptions('string') }, wrong);
  const given = limitEntries.flatMap(([name, { flag, read }]) => {
    const text = flagValue(values, flag);
    return typeof text === 'string' ? [[name, read(text.trim())] as const] : [];
  });
  if (given.length === 0) throw wrong('There is no limit to set.');
  return {
    verb: 'set',
    target: parseTarget(values, wrong),
    tenant: tenantOf(values.tenant),
    limits: Object.fromEntries(given),
  };
};

const parseUnset = (args: readonly string[]): TenantsCommand => {
  const all = { all: { type: 'boolean' } } as const;
  const options = { ...ownOptions, ...limitOptions('boolean'), ...all };
  const { values } = readArguments(args, options, wrong);
  const given = limitEntries.filter(([, { flag }]) => flagValue(values, flag) === true);
  if (given.length === 0 && values.all !== true) throw wrong('There is no limit to lift.');
  if (given.length > 0 && values.all === true) throw wrong('--all stands alone.');
  return {
    verb: 'unset',
    target: parseTarget(values, wrong),
    tenant: tenantOf(values.tenant),
    limits: values.all === true ? 'all' : given.map(([name]) => name),
  };
};

const parseRead = (args: readonly string[]): TenantsCommand => {
  const { verb, values } = readArguments(args, ownOptions, wrong);
  const { tenant } = values;
  const target = parseTarget(values, wrong);
  if (verb === undefined) throw wrong('What is to be done?');
  if (verb === 'show') return { verb, target, tenant: tenantOf(tenant) };
  if (verb !== 'list') throw wrong(`Unknown command ${verb}.`);
  if (tenant !== undefined) throw wrong('--tenant is not for list.');
  return { verb, target };
};

/** What the arguments ask for. Throws CommandFault with what is wrong, and how it is used. */
export const parseTenantsCommand = (args: readonly string[]): TenantsCommand => {
  // The same flags have values in one command and none in the other.
  const [verb] = args;
  if (verb === 'set') return parseSet(args);
  return verb === 'unset' ? parseUnset(args) : parseRead(args);
};
