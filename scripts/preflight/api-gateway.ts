import { APIGatewayClient, GetAccountCommand } from '@aws-sdk/client-api-gateway';
import { impatient } from '../aws/client.ts';
import type { Finding } from './finding.ts';

const check = 'API Gateway';

/** What the account's settings for all APIs of the region mean here. Throws the SDK's errors. */
export const checkApiGateway = async (
  region: string,
  stack: string,
  throttleRate: number,
): Promise<readonly Finding[]> => {
  const client = new APIGatewayClient({ ...impatient, region });
  const { cloudwatchRoleArn: role, throttleSettings } = await client.send(
    new GetAccountCommand({}),
  );
  client.destroy();
  return [logRole(role, stack), throttling(throttleSettings?.rateLimit, throttleRate)];
};

/** The stack sets the one role by which all APIs of account and region write their logs. */
const logRole = (role: string | undefined, stack: string): Finding => {
  if (role === undefined || role === '') {
    return {
      check,
      result: 'ok',
      text: 'No log role yet: the deployment makes one, and keeps it.',
    };
  }
  if (role.includes(`role/${stack}-`)) return { check, result: 'ok', text: `Log role: ${role}.` };
  return {
    check,
    result: 'warn',
    text: `The log role of the region's APIs is ${role}: the deployment puts its own in its place.`,
  };
};

const throttling = (accountRate: number | undefined, stageRate: number): Finding => {
  const requests = 'requests a second';
  if (accountRate === undefined) {
    return { check, result: 'unknown', text: `How many ${requests} the account may take.` };
  }
  return accountRate >= stageRate
    ? { check, result: 'ok', text: `${accountRate} ${requests}, ${stageRate} for the stage.` }
    : {
        check,
        result: 'warn',
        text: `${accountRate} ${requests}: less than the stage's throttleRate of ${stageRate}.`,
      };
};
