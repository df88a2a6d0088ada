import { Fault } from '../../errors.ts';
import { describeValue } from '../param.ts';
import type { Query } from './list.ts';

export type RetrieveQuery = {
  readonly stream: boolean;
  /** Only events with a greater sequence number are wanted. */
  readonly startingAfter?: number;
};

const fault = (param: string, why: string): Fault =>
  new Fault('invalid_value', `Invalid '${param}': ${why}.`, { param });

const streamOf = (value: string | undefined): boolean => {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw fault('stream', `expected true or false, got ${describeValue(value)}`);
};

/**
 * The query of `GET /v1/responses/{id}`. Throws Fault `invalid_value`; a sequence number beyond the
 * last one is for the reader of the job to judge.
 */
export const parseRetrieveQuery = (query: Query): RetrieveQuery => {
  const stream = streamOf(query['stream']);
  const value = query['starting_after'];
  if (value === undefined) return { stream };
  if (!/^\d{1,15}$/.test(value)) {
    throw fault('starting_after', `expected a sequence number, got ${describeValue(value)}`);
  }
  if (!stream) throw fault('starting_after', "it is only allowed together with 'stream=true'");
  return { stream, startingAfter: Number(value) };
};
