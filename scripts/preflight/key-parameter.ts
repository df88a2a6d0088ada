import { DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { impatient } from '../aws/client.ts';
import type { Finding } from './finding.ts';

/** Whether the upstream's key is where the functions read it; its value is not asked for. */
export const checkKeyParameter = async (region: string, name: string): Promise<Finding> => {
  const client = new SSMClient({ ...impatient, region });
  const filter = { Key: 'Name', Option: 'Equals', Values: [name] };
  const { Parameters: [parameter] = [] } = await client.send(
    new DescribeParametersCommand({ ParameterFilters: [filter] }),
  );
  client.destroy();
  const check = 'Key parameter';
  if (parameter === undefined) {
    return {
      check,
      result: 'fail',
      text: `${name} is missing: aws ssm put-parameter --region ${region} --type SecureString --name ${name} --value sk-...`,
    };
  }
  if (parameter.Type !== 'SecureString') {
    return { check, result: 'warn', text: `${name} is a ${parameter.Type}, not a SecureString.` };
  }
  if (parameter.KeyId !== undefined && parameter.KeyId !== 'alias/aws/ssm') {
    return {
      check,
      result: 'warn',
      text: `${name} is encrypted with ${parameter.KeyId}: that key's policy must let the functions' roles decrypt with it.`,
    };
  }
  return { check, result: 'ok', text: `${name} is there, a SecureString; its value was not read.` };
};
