import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { Fault } from '../errors.ts';
import type { Tenant, TenantChange, TenantStore } from '../ports/tenants.ts';
import { limitNames, parseTenantLimits, type TenantLimits } from '../wire/tenant-limits.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { listedPartitions } from './dynamo-listed.ts';
import { instantIn } from './item-fields.ts';

const prefix = 'TENANT#';
/** In the index that holds a tenant's jobs under its name; no name is in capitals. */
const listPartition = 'TENANTS';

const tableKey = (name: string) => ({ pk: { S: `${prefix}${name}` }, sk: { S: 'tenant' } });

const parseTenant = (name: string, item: Readonly<Record<string, unknown>>): Tenant => {
  try {
    return { name, limits: parseTenantLimits(item), changedAtMs: instantIn(item, 'changedAtMs') };
  } catch (cause) {
    const why = cause instanceof Fault ? ` ${cause.message}` : '';
    throw new Fault('item_unreadable', `The limits of the tenant ${name} cannot be read.${why}`, {
      cause,
    });
  }
};

/** Each limit is an attribute of its own, so that two changes at once do not undo each other. */
const updateOf = ({ set, lift }: TenantChange, atMs: number) => {
  const values: Readonly<Record<string, unknown>> = {
    listTenant: listPartition,
    changedAtMs: atMs,
    ...Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)),
  };
  const lifted = lift.filter((name) => set[name] === undefined);
  const assignments = Object.keys(values).map((name) => `#${name} = :${name}`);
  const removals = lifted.map((name) => `#${name}`);
  return {
    UpdateExpression: `SET ${assignments.join(', ')}${removals.length > 0 ? ` REMOVE ${removals.join(', ')}` : ''}`,
    ExpressionAttributeNames: Object.fromEntries(
      [...Object.keys(values), ...lifted].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: marshall(
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
    ),
  };
};

const isMade = (limits: TenantLimits, { set, lift }: TenantChange): boolean =>
  limitNames.every((name) => {
    if (set[name] === undefined) return !lift.includes(name) || limits[name] === undefined;
    return JSON.stringify(limits[name]) === JSON.stringify(set[name]);
  });

/** Tenants' limits in the table, and in the index `tenant`. Reads by name are consistent. */
export const dynamoTenants = (client: DynamoDBClient, tableName: string): TenantStore => {
  const find: TenantStore['find'] = async (name) => {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: tableKey(name),
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
    return item === undefined ? undefined : parseTenant(name, unmarshall(item));
  };

  return {
    find,

    async list() {
      const partitions = await listedPartitions(client, tableName, listPartition);
      const found = await Promise.all(partitions.map((pk) => find(pk.slice(prefix.length))));
      return found.filter((tenant) => tenant !== undefined);
    },

    async change(name, change, atMs) {
      const isLiftOnly = Object.values(change.set).every((value) => value === undefined);
      const update = new UpdateItemCommand({
        TableName: tableName,
        Key: tableKey(name),
        ...updateOf(change, atMs),
        ...(isLiftOnly ? { ConditionExpression: 'attribute_exists(pk)' } : {}),
      });
      const outcome = await client.send(update).catch(unwritten);
      const tenant = await find(name);
      const isDoubtful = 'kind' in outcome && outcome.kind === 'doubtful';
      if (isDoubtful && !isMade(tenant?.limits ?? {}, change)) throw storeFault(outcome.cause);
      return tenant;
    },

    async remove(name) {
      const removal = new DeleteItemCommand({ TableName: tableName, Key: tableKey(name) });
      await client.send(removal).catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
    },
  };
};
