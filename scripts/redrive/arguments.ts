import { CommandFault } from '../aws/command-fault.ts';
import { parseTarget, readArguments, type Target } from '../keys/target.ts';

export type RedriveCommand = {
  readonly dryRun: boolean;
  /** The id of the message that is to be deleted whatever it is. */
  readonly drop: string | undefined;
  readonly target: Target;
};

const usage =
  'Usage: npm run redrive -- [--dry-run] [--drop MESSAGEID] [--stage STAGE] [--region REGION] [--data DIR]';

const wrong = (fault: string): CommandFault => new CommandFault(`${fault} ${usage}`);

const options = {
  'dry-run': { type: 'boolean' },
  drop: { type: 'string' },
  stage: { type: 'string' },
  region: { type: 'string' },
  data: { type: 'string' },
} as const;

/** What the arguments ask for. Throws CommandFault with what is wrong, and how it is used. */
export const parseRedriveCommand = (args: readonly string[]): RedriveCommand => {
  const { verb, values } = readArguments(args, options, wrong);
  if (verb !== undefined) throw wrong(`Unknown argument ${verb}.`);
  const { 'dry-run': dryRun = false, drop, stage, region, data } = values;
  return { dryRun, drop, target: parseTarget({ stage, region, data }, wrong) };
};
