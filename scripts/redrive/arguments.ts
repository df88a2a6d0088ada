import { CommandFault } from '../aws/command-fault.ts';
import { parseTarget, readArguments, type Target } from '../keys/target.ts';
import { type QueueName, queueNames } from './queue-name.ts';

export type RedriveCommand = {
  /** Whose dead letters, in this order. */
  readonly queues: readonly QueueName[];
  readonly dryRun: boolean;
  /** The id of the message that is to be deleted whatever it is. */
  readonly drop: string | undefined;
  readonly target: Target;
};

const usage =
  'Usage: npm run redrive -- [--queue jobs|deliveries] [--dry-run] [--drop MESSAGEID] [--stage STAGE] [--region REGION] [--data DIR]';

const wrong = (fault: string): CommandFault => new CommandFault(`${fault} ${usage}`);

const options = {
  queue: { type: 'string' },
  'dry-run': { type: 'boolean' },
  drop: { type: 'string' },
  stage: { type: 'string' },
  region: { type: 'string' },
  data: { type: 'string' },
} as const;

const queuesOf = (queue: string | undefined): readonly QueueName[] => {
  if (queue === undefined) return queueNames;
  const name = queueNames.find((one) => one === queue);
  if (name !== undefined) return [name];
  throw wrong(`${JSON.stringify(queue)} is no queue of ours.`);
};

/** What the arguments ask for. Throws CommandFault with what is wrong, and how it is used. */
export const parseRedriveCommand = (args: readonly string[]): RedriveCommand => {
  const { verb, values } = readArguments(args, options, wrong);
  if (verb !== undefined) throw wrong(`Unknown argument ${verb}.`);
  const { queue, 'dry-run': dryRun = false, drop, stage, region, data } = values;
  const target = parseTarget({ stage, region, data }, wrong);
  return { queues: queuesOf(queue), dryRun, drop, target };
};
