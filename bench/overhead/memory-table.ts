import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

/*
 * A table within the process, with as little behind it as there can be: no indexes, no conditions but
 * that of a put. What is measured in front of it is what its caller does, not a store.
 */

const itemSchema = z.record(z.string(), z.unknown());
type Item = z.infer<typeof itemSchema>;

const keySchema = z.looseObject({
  pk: z.object({ S: z.string() }),
  sk: z.object({ S: z.string() }),
});

const inputSchema = z.object({
  Item: keySchema.optional(),
  Key: keySchema.optional(),
  ConditionExpression: z.string().optional(),
  UpdateExpression: z.string().optional(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: itemSchema.default({}),
});
type Input = z.infer<typeof inputSchema>;

/** Enough for the jobs that are under way. */
const maxItems = 20_000;

const keyOf = ({ Item: item, Key: key }: Input): string => {
  const { pk, sk } = item ?? key ?? {};
  return `${pk?.S} ${sk?.S}`;
};

/** `SET #a = :v, … REMOVE #b, …`: of other expressions nothing is carried out. */
const updated = (input: Input, before: Item): Item => {
  const item = { ...before };
  const [sets = '', removes = ''] = (input.UpdateExpression ?? '').split(/\s*REMOVE\s+/);
  for (const [, name = '', value = ''] of sets.matchAll(/(#\w+) = (:\w+)(?=,|$)/g)) {
    const attribute = input.ExpressionAttributeNames[name];
    const given = input.ExpressionAttributeValues[value];
    if (attribute !== undefined && given !== undefined) item[attribute] = given;
  }
  for (const name of removes.split(/,\s*/)) delete item[input.ExpressionAttributeNames[name] ?? ''];
  return item;
};

const refused = (): Error =>
  new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: { httpStatusCode: 400, attempts: 1 },
  });

/** Carries out a command of DynamoDB's client; `onCall` is told of each, such as `PutItem job`. */
export const memoryTable = (onCall: (name: string) => void) => {
  const items = new Map<string, Item>();

  const put = (key: string, item: Item): void => {
    items.set(key, item);
    const [oldest] = items.keys();
    if (items.size > maxItems && oldest !== undefined) items.delete(oldest);
  };

  const carryOut = (operation: string, input: Input): unknown => {
    const key = keyOf(input);
    const found = items.get(key);
    switch (operation) {
      case 'PutItem':
        if (found && input.ConditionExpression?.startsWith('attribute_not_exists')) throw refused();
        put(key, input.Item ?? {});
        return {};
      case 'UpdateItem': {
        const item = updated(input, found ?? input.Key ?? {});
        put(key, item);
        return { Attributes: item };
      }
      case 'GetItem':
        return found === undefined ? {} : { Item: found };
      default:
        return { Items: [], Count: 0 };
    }
  };

  return async (command: { readonly input: unknown }): Promise<unknown> => {
    const operation = command.constructor.name.replace(/Command$/, '');
    const input = inputSchema.parse(command.input);
    const kind = (input.Item ?? input.Key)?.sk.S.split('#')[0] ?? '';
    onCall(`${operation} ${kind}`.trim());
    return carryOut(operation, input);
  };
};
