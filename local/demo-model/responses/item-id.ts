import { randomBytes } from 'node:crypto';

const prefixes: Readonly<Record<string, string>> = {
  response: 'resp',
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  function_call_output: 'fco',
};

/** A fresh id in OpenAI's form for a response or an item of that type: `msg_` and 48 hex digits. */
export function newItemId(type: string): string {
  return `${prefixes[type] ?? 'item'}_${randomBytes(24).toString('hex')}`;
}
