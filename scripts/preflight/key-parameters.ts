import { type ParameterMetadata, paginateDescribeParameters, SSMClient } from '@aws-sdk/client-ssm';
import { impatient } from '../aws/client.ts';
import type { Finding } from './finding.ts';

/** The SSM parameter in which an upstream's key is to be, and the name of the check. */
export type KeyParameter = { readonly check: string; readonly name: string };

const describeAll = async (
  region: string,
  names: readonly string[],
): Promise<ReadonlyMap<string | undefined, ParameterMetadata>> => {
  const client = new SSMClient({ ...impatient, region });
  const found = new Map<string | undefined, ParameterMetadata>();
  try {
    const filter = { Key: 'Name', Option: 'Equals', Values: [...new Set(names)] };
    // A page may hold nothing and yet not be the last.
    for await (const page of paginateDescribeParameters(
      { client },
      { ParameterFilters: [filter] },
    )) {
      for (const parameter of page.Parameters ?? []) found.set(parameter.Name, parameter);
    }
  } finally {
    client.destroy();
  }
  return found;
};

const judge = (
  region: string,
  name: string,
  parameter: ParameterMetadata | undefined,
): Omit<Finding, 'check'> => {
  if (parameter === undefined) {
    return {
      result: 'fail',
      text: `${name} is missing: aws ssm put-parameter --region ${region} --type SecureString --name ${name} --value sk-...`,
    };
  }
  if (parameter.Type !== 'SecureString') {
    return { result: 'warn', text: `${name} is a ${parameter.Type}, not a SecureString.` };
  }
  if (parameter.KeyId !== undefined && parameter.KeyId !== 'alias/aws/ssm') {
    return {
      result: 'warn',
      text: `${name} is encrypted with ${parameter.KeyId}: that key's policy must let the functions' roles decrypt with it.`,
    };
  }
  return { result: 'ok', text: `${name} is there, a SecureString; its value was not read.` };
};

/**
 * Whether the upstreams' keys are where the functions read them; their values are not asked for.
 * Throws the SDK's errors.
 */
export const checkKeyParameters = async (
  region: string,
  keys: readonly KeyParameter[],
): Promise<readonly Finding[]> => {
  const found = await describeAll(
    region,
    keys.map(({ name }) => name),
  );
  return keys.map(({ check, name }) => ({ check, ...judge(region, name, found.get(name)) }));
};
