import { Fault } from '../../errors.ts';
import { type JobStatus, jobStatuses } from '../../job/job.ts';
import { describeValue } from '../param.ts';
import type { JsonObject } from '../production.ts';

export type Query = Readonly<Record<string, string | undefined>>;

export type ListQuery = {
  /** 1 to 100. */
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The id of the last member of the page before. */
  readonly after?: string;
  readonly status?: JobStatus;
};

/** OpenAI's own limits for lists (API reference, "List input items"; read 2026-11). */
const defaultLimit = 20;
const maxLimit = 100;

const fault = (param: string, expected: string, found: string): Fault =>
  new Fault(
    'invalid_value',
    `Invalid '${param}': expected ${expected}, got ${describeValue(found)}.`,
    {
      param,
    },
  );

/** 1 to 100, or 20. Throws Fault `invalid_value` naming `limit`. */
export const limitOf = (value: string | undefined): number => {
  if (value === undefined) return defaultLimit;
  const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= maxLimit) return limit;
  throw fault('limit', `a whole number from 1 to ${maxLimit}`, value);
};

const orderOf = (value: string | undefined): 'asc' | 'desc' => {
  if (value === undefined) return 'desc';
  if (value === 'asc' || value === 'desc') return value;
  throw fault('order', "'asc' or 'desc'", value);
};

const statusOf = (value: string): JobStatus => {
  const status = jobStatuses.find((name) => name === value);
  if (status !== undefined) return status;
  throw fault('status', `one of ${jobStatuses.map((name) => `'${name}'`).join(', ')}`, value);
};

/** The query of a list. Other parameters are none of its business. Throws Fault `invalid_value`. */
export const parseListQuery = (query: Query): ListQuery => {
  const { after, status } = query;
  if (after === '') throw fault('after', 'the id of a member of the list', after);
  return {
    limit: limitOf(query['limit']),
    order: orderOf(query['order']),
    ...(after === undefined ? {} : { after }),
    ...(status === undefined ? {} : { status: statusOf(status) }),
  };
};

export type ListPage = {
  readonly object: 'list';
  readonly data: readonly JsonObject[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
};

const idOf = (member: JsonObject | undefined): string | null => {
  const id = member?.['id'];
  return typeof id === 'string' ? id : null;
};

/** One page as OpenAI's clients read it. */
export const listPage = (data: readonly JsonObject[], hasMore: boolean): ListPage => ({
  object: 'list',
  data,
  first_id: idOf(data[0]),
  last_id: idOf(data.at(-1)),
  has_more: hasMore,
});

/**
 * The page of members that a query asks for, of all there are, oldest first. Throws Fault
 * `invalid_value` when `after` is none of them.
 */
export const pageOf = (members: readonly JsonObject[], query: ListQuery): ListPage => {
  const ordered = query.order === 'asc' ? members : members.toReversed();
  const { after } = query;
  const before = after === undefined ? -1 : ordered.findIndex((member) => member['id'] === after);
  if (after !== undefined && before === -1) {
    throw fault('after', 'the id of a member of the list', after);
  }
  const data = ordered.slice(before + 1, before + 1 + query.limit);
  return listPage(data, before + 1 + data.length < ordered.length);
};
