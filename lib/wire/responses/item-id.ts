import { entryOf } from '../json-object.ts';

/** OpenAI's prefixes of item ids, by the item's type. */
const prefixes: Readonly<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  reasoning: 'rs',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
};

const bareId = (jobId: string): string => jobId.replace(/^[a-z]+_/, '');

/** The id of an item that an attempt put out: the same whenever it is made again, and the job's own. */
export const outputItemId = (
  type: string,
  jobId: string,
  attempt: number,
  outputIndex: number,
): string => `${entryOf(prefixes, type) ?? 'item'}_${bareId(jobId)}_${attempt}_${outputIndex}`;

/** The id of the nth item of a job's input. */
export const inputItemId = (type: string, jobId: string, index: number): string =>
  `${entryOf(prefixes, type) ?? 'item'}_${bareId(jobId)}_in_${index}`;

/** The id under which a tool's output names its call, where the upstream gave none. */
export const callId = (jobId: string, attempt: number, outputIndex: number): string =>
  `call_${bareId(jobId)}_${attempt}_${outputIndex}`;
