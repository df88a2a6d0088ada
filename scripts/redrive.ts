import { composeRedrive } from '../lib/compose/redrive.ts';
import { judgeJobMessage } from '../lib/redrive/judge-job-message.ts';
import { type Redriven, redrive } from '../lib/redrive/redrive.ts';
import { atPlace } from './aws/at-place.ts';
import { CommandFault } from './aws/command-fault.ts';
import { explain } from './aws/explain.ts';
import { parseRedriveCommand, type RedriveCommand } from './redrive/arguments.ts';
import { findQueuePlace, jobsQueue } from './redrive/queue-place.ts';
import { showRedriven } from './redrive/show.ts';

const carryOut = async (command: RedriveCommand): Promise<readonly Redriven[]> => {
  const place = await findQueuePlace(command, jobsQueue);
  const { deadLetters, ...deps } = composeRedrive(place);
  const judge = (body: string) => judgeJobMessage(deps, body);
  return atPlace(place, () => redrive({ deadLetters, judge }, command));
};

try {
  const command = parseRedriveCommand(process.argv.slice(2));
  const redriven = await carryOut(command);
  if (command.drop !== undefined && redriven.length === 0) {
    throw new CommandFault(`The dead-letter queue holds no message ${command.drop}.`);
  }
  console.log(showRedriven(redriven, command.dryRun).join('\n'));
  if (redriven.some(({ done }) => done === 'left')) process.exitCode = 1;
} catch (thrown) {
  console.error(explain(thrown));
  process.exitCode = 1;
}
