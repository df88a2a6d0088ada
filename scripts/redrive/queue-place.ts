import type { RedrivePlace } from '../../lib/compose/redrive.ts';
import { defaultRegion } from '../aws/client.ts';
import { CommandFault } from '../aws/command-fault.ts';
import { findStack, stackName } from '../aws/find-stack.ts';
import { otherVersion, readLocalEndpoints } from '../aws/local-endpoints.ts';
import type { RedriveCommand } from './arguments.ts';
import type { QueueName } from './queue-name.ts';

type Names = {
  /** How the local queue's name ends. */
  readonly suffix: string;
  /** The stack's outputs that name them. */
  readonly urlOutput: string;
  readonly deadLetterNameOutput: string;
};

const namesOf: Readonly<Record<QueueName, Names>> = {
  jobs: {
    suffix: '-jobs',
    urlOutput: 'JobsQueueUrl',
    deadLetterNameOutput: 'JobsDeadLetterQueueName',
  },
  deliveries: {
    suffix: '-deliveries',
    urlOutput: 'DeliveriesQueueUrl',
    deadLetterNameOutput: 'DeliveriesDeadLetterQueueName',
  },
};

export type FoundPlace = RedrivePlace & {
  /** What to say when nobody answers there. */
  readonly unreachable: string | undefined;
};

const localPlace = async (dataDir: string, { suffix }: Names): Promise<FoundPlace> => {
  const endpoints = await readLocalEndpoints(dataDir);
  const { region, credentials, tableEndpoint, queueEndpoint, unreachable } = endpoints;
  const [tableName] = endpoints.tableNames;
  const queueEnding = (ending: string): string | undefined =>
    endpoints.queueUrls?.find((url) => url.endsWith(ending));
  const queueUrl = queueEnding(suffix);
  const deadLetterQueueUrl = queueEnding(`${suffix}-dead-letter`);
  if (
    tableName === undefined ||
    queueEndpoint === undefined ||
    queueUrl === undefined ||
    deadLetterQueueUrl === undefined
  ) {
    throw otherVersion(dataDir);
  }
  return {
    table: { tableName, client: { region, credentials, endpoint: tableEndpoint } },
    sqs: { region, credentials, endpoint: queueEndpoint },
    queueUrl,
    deadLetterQueueUrl,
    unreachable,
  };
};

const deployedPlace = async (
  stage: string,
  region: string,
  { urlOutput, deadLetterNameOutput }: Names,
): Promise<FoundPlace> => {
  const stack = await findStack(stage, region);
  if (stack === undefined) {
    throw new CommandFault(
      `There is no stack ${stackName(stage)} in ${region}: name its region with --region.`,
    );
  }
  const output = (name: string): string => {
    const value = stack.outputs.get(name);
    if (value !== undefined) return value;
    throw new CommandFault(
      `The stack ${stack.name} has no output ${name} (it is ${stack.status}): deploy it again.`,
    );
  };
  const queueUrl = output(urlOutput);
  return {
    table: { tableName: output('TableName'), client: { region } },
    sqs: { region },
    queueUrl,
    // Queues of one account and region differ in the last part of their URLs, which is the name.
    deadLetterQueueUrl: new URL(output(deadLetterNameOutput), queueUrl).href,
    unreachable: undefined,
  };
};

/** Where the queue is. Throws CommandFault when it cannot be found, or what the SDK throws. */
export const findQueuePlace = (
  { target }: Pick<RedriveCommand, 'target'>,
  queue: QueueName,
): Promise<FoundPlace> =>
  target.kind === 'local'
    ? localPlace(target.dataDir, namesOf[queue])
    : deployedPlace(target.stage ?? '', target.region ?? defaultRegion, namesOf[queue]);
