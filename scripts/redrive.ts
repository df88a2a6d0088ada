import { composeRedrive } from '../lib/compose/redrive.ts';
import { judgeDeliveryMessage } from '../lib/redrive/judge-delivery-message.ts';
import { judgeJobMessage } from '../lib/redrive/judge-job-message.ts';
import { redrive } from '../lib/redrive/redrive.ts';
import { atPlace } from './aws/at-place.ts';
import { CommandFault } from './aws/command-fault.ts';
import { explain } from './aws/explain.ts';
import { parseRedriveCommand, type RedriveCommand } from './redrive/arguments.ts';
import type { QueueName } from './redrive/queue-name.ts';
import { findQueuePlace } from './redrive/queue-place.ts';
import { type RedrivenFrom, showRedriven } from './redrive/show.ts';

const redriveOne = async (
  command: RedriveCommand,
  queue: QueueName,
): Promise<readonly RedrivenFrom[]> => {
  const place = await findQueuePlace(command, queue);
  const { deadLetters, ...deps } = composeRedrive(place);
  const judge = (body: string) =>
    queue === 'jobs' ? judgeJobMessage(deps, body) : judgeDeliveryMessage(deps, body);
  const redriven = await atPlace(place, () => redrive({ deadLetters, judge }, command));
  return redriven.map((one) => ({ ...one, queue }));
};

const carryOut = async (command: RedriveCommand): Promise<readonly RedrivenFrom[]> => {
  const redriven: RedrivenFrom[] = [];
  // One after the other: what of the first was done is done, whatever the second meets.
  for (const queue of command.queues) redriven.push(...(await redriveOne(command, queue)));
  return redriven;
};

try {
  const command = parseRedriveCommand(process.argv.slice(2));
  const redriven = await carryOut(command);
  if (command.drop !== undefined && redriven.length === 0) {
    throw new CommandFault(
      `No dead-letter queue (${command.queues.join(', ')}) holds a message ${command.drop}.`,
    );
  }
  console.log(showRedriven(redriven, command).join('\n'));
  if (redriven.some(({ done }) => done === 'left')) process.exitCode = 1;
} catch (thrown) {
  console.error(explain(thrown));
  process.exitCode = 1;
}
