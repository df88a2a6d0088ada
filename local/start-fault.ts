/**
 * A fault of the start that the user can mend: the console shows its message and no stack, and the
 * process ends with status 1.
 */
export class StartFault extends Error {
  override readonly name = 'StartFault';
}

/** The sentence to show for anything thrown: the message of an error, never its stack. */
export function faultMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
