import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { impatient } from './client.ts';

export type DeployedStack = {
  readonly name: string;
  /** CloudFormation's, such as `UPDATE_COMPLETE`. */
  readonly status: string;
  readonly outputs: ReadonlyMap<string, string>;
};

/** The name the Serverless Framework gives the stack of a stage. */
export const stackName = (stage: string): string => `outlast-${stage}`;

/** The stack of a stage as it is deployed; undefined when there is none. Throws what the SDK throws. */
export const findStack = async (
  stage: string,
  region: string,
): Promise<DeployedStack | undefined> => {
  const client = new CloudFormationClient({ ...impatient, region });
  const name = stackName(stage);
  try {
    const { Stacks: [stack] = [] } = await client.send(
      new DescribeStacksCommand({ StackName: name }),
    );
    if (stack === undefined) return undefined;
    const outputs = (stack.Outputs ?? []).flatMap(({ OutputKey: key, OutputValue: value }) =>
      key === undefined || value === undefined ? [] : [[key, value] as const],
    );
    return { name, status: stack.StackStatus ?? 'UNKNOWN', outputs: new Map(outputs) };
  } catch (thrown) {
    // A stack that does not exist is called invalid input, and has no error of its own.
    const isMissing =
      thrown instanceof CloudFormationServiceException && thrown.name === 'ValidationError';
    if (isMissing) return undefined;
    throw thrown;
  } finally {
    client.destroy();
  }
};
