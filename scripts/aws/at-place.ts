import { CommandFault } from './command-fault.ts';
import { explain, isUnreachable } from './explain.ts';

/** What `act` comes to at a place. Throws CommandFault in the place's words when nobody answers there. */
export const atPlace = async <T>(
  { unreachable }: { readonly unreachable: string | undefined },
  act: () => Promise<T>,
): Promise<T> => {
  try {
    return await act();
  } catch (thrown) {
    if (unreachable !== undefined && isUnreachable(thrown)) throw new CommandFault(unreachable);
    throw thrown;
  }
};

/** Prints what a command has to say, or what went wrong, and then ends the process with 1. */
export const printCommand = async (
  run: (args: readonly string[]) => Promise<readonly string[]>,
): Promise<void> => {
  try {
    console.log((await run(process.argv.slice(2))).join('\n'));
  } catch (thrown) {
    console.error(explain(thrown));
    process.exitCode = 1;
  }
};
