import * as z from 'zod';
import type { TemplateTable } from '../../local/template/tables.ts';
import { type IndexKeys, type Item, indexWriteUnits } from './index-writes.ts';
import type { AnsweredCall } from './metered-relay.ts';

/** What one call of the table is billed. */
export type TableCall = {
  readonly by: string;
  readonly action: string;
  /** The partition it went to, such as a job's id; undefined for a query of an index. */
  readonly partition: string | undefined;
  readonly readUnits: number;
  readonly writeUnits: number;
};

export type TableMeter = {
  readonly calls: TableCall[];
  /** What has to be asked for, beside what the caller wants, to know what the call is billed. */
  amend(call: Pick<AnsweredCall, 'action' | 'body'>): AnsweredCall['body'];
  hear(by: string, call: AnsweredCall): void;
};

const keyValue = z.object({ S: z.string() });
const keySchema = z.looseObject({ pk: keyValue, sk: keyValue });
const writeSchema = z.looseObject({ Key: keySchema.optional(), Item: keySchema.optional() });
const readSchema = z.looseObject({
  Key: keySchema.optional(),
  ConsistentRead: z.boolean().optional(),
});
const answerSchema = z.looseObject({
  ConsumedCapacity: z.object({ CapacityUnits: z.number() }).optional(),
  Attributes: z.record(z.string(), z.unknown()).optional(),
  __type: z.string().optional(),
});

/** What an item was like after the last write: its index keys, and what writing it costs. */
type Shadow = { readonly keys: Item; readonly units: number };

const none = { readUnits: 0, writeUnits: 0 };

/**
 * Counts request units as DynamoDB bills them: the table's own as the emulator tells them, which
 * follow the sizes of the item before and after and the consistency of a read; and the indexes', of
 * which the emulator tells nothing, from what a write did to their keys. A write whose condition
 * fails is billed too. Throws on a call that it does not know how to price.
 */
export const tableMeter = ({ GlobalSecondaryIndexes = [] }: TemplateTable): TableMeter => {
  const indexes: readonly IndexKeys[] = GlobalSecondaryIndexes.map(({ KeySchema }) =>
    KeySchema.map(({ AttributeName }) => AttributeName),
  );
  const names = new Set(indexes.flat());
  const shadows = new Map<string, Shadow>();
  const calls: TableCall[] = [];

  const write = (
    { action, body, status, answer }: AnsweredCall,
    { ConsumedCapacity, Attributes, __type = '' }: z.infer<typeof answerSchema>,
  ) => {
    const { Key, Item: put } = writeSchema.parse(body);
    const key = Key ?? put;
    if (key === undefined) throw new Error(`a write without a key: ${answer}`);
    const id = `${key.pk.S}/${key.sk.S}`;
    const before = shadows.get(id);
    const partition = key.pk.S;
    if (status !== 200) {
      const isBilled = __type.includes('ConditionalCheckFailed');
      return { ...none, partition, writeUnits: isBilled ? (before?.units ?? 1) : 0 };
    }
    const after = action === 'dynamodb:DeleteItem' ? undefined : (put ?? Attributes);
    const units = ConsumedCapacity?.CapacityUnits ?? 1;
    const indexed = indexWriteUnits(indexes, before?.keys, after);
    if (after === undefined) shadows.delete(id);
    else {
      const keys = Object.entries(after).filter(([name]) => names.has(name));
      shadows.set(id, { keys: Object.fromEntries(keys), units });
    }
    return { ...none, partition, writeUnits: units + indexed };
  };

  const priceOf = (call: AnsweredCall) => {
    const answer = answerSchema.parse(JSON.parse(call.answer));
    switch (call.action) {
      case 'dynamodb:PutItem':
      case 'dynamodb:UpdateItem':
      case 'dynamodb:DeleteItem':
        return write(call, answer);
      case 'dynamodb:GetItem':
      case 'dynamodb:Query': {
        const { Key, ConsistentRead = false } = readSchema.parse(call.body);
        // What finds nothing is billed as the smallest read; the emulator says 0 of such a query.
        const least = call.status === 200 ? (ConsistentRead ? 1 : 0.5) : 0;
        const told = answer.ConsumedCapacity?.CapacityUnits ?? 0;
        return { ...none, partition: Key?.pk.S, readUnits: Math.max(told, least) };
      }
      default:
        throw new Error(`a call without a price: ${call.action}`);
    }
  };

  return {
    calls,
    amend: ({ action, body }) => ({
      ...body,
      ReturnConsumedCapacity: 'TOTAL',
      ...(action === 'dynamodb:UpdateItem' && { ReturnValues: 'ALL_NEW' }),
    }),
    hear: (by, call) => {
      calls.push({ by, action: call.action, ...priceOf(call) });
    },
  };
};
