import { findStack, stackName } from '../aws/find-stack.ts';
import type { Finding } from './finding.ts';

/** Whether the stage's stack is there, and can be deployed to. Throws the SDK's errors. */
export const checkStack = async (region: string, stage: string): Promise<Finding> => {
  const check = 'Stack';
  const stack = await findStack(stage, region);
  if (stack === undefined) {
    return { check, result: 'ok', text: `${stackName(stage)} is not deployed yet.` };
  }
  const { name, status } = stack;
  if (status.endsWith('_IN_PROGRESS')) {
    return { check, result: 'warn', text: `${name} is ${status}: wait until that has ended.` };
  }
  if (status === 'ROLLBACK_COMPLETE' || status === 'ROLLBACK_FAILED') {
    return {
      check,
      result: 'fail',
      text: `${name} is ${status}, its first deployment failed: delete the stack, then deploy again.`,
    };
  }
  if (status.endsWith('_FAILED')) {
    return { check, result: 'fail', text: `${name} is ${status}: see its events first.` };
  }
  const url = stack.outputs.get('ApiUrl');
  return {
    check,
    result: 'ok',
    text: `${name} is ${status}${url === undefined ? '' : `, at ${url}`}.`,
  };
};
