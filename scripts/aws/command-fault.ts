/** What the user of a command can mend: its message is shown, one line, and the command ends with 1. */
export class CommandFault extends Error {
  override readonly name = 'CommandFault';
}
