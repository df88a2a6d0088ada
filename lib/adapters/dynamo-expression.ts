import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { assertNever } from '../errors.ts';
import type { Clause, JobWrite } from '../job/write.ts';
import { jobTtlSeconds } from './dynamo-job-item.ts';

/** The parts of a conditional command that a `JobWrite` becomes. */
export type Condition = {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
};
export type Update = Condition & { readonly UpdateExpression?: string };

/** Collects names and values, and gives out the placeholders that stand for them. */
const placeholders = () => {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  return {
    name(attribute: string): string {
      names[`#${attribute}`] = attribute;
      return `#${attribute}`;
    },
    value(value: unknown): string {
      const placeholder = `:v${Object.keys(values).length}`;
      values[placeholder] = value;
      return placeholder;
    },
    collected: () => ({
      ExpressionAttributeNames: names,
      ...(Object.keys(values).length > 0 && {
        ExpressionAttributeValues: marshall(values, { removeUndefinedValues: true }),
      }),
    }),
  };
};
type Placeholders = ReturnType<typeof placeholders>;

const clauseText = (clause: Clause, { name, value }: Placeholders): string => {
  const field = name(clause.field);
  if ('is' in clause) return `${field} = ${value(clause.is)}`;
  if ('in' in clause) return `${field} IN (${clause.in.map(value).join(', ')})`;
  if ('atMost' in clause) return `${field} <= ${value(clause.atMost)}`;
  if ('below' in clause) return `${field} < ${value(clause.below)}`;
  if ('absent' in clause) return `attribute_not_exists(${field})`;
  return assertNever(clause);
};

/** `attribute_exists` comes first, so that no update creates an item. */
const conditionText = (write: JobWrite, parts: Placeholders): string =>
  [
    `attribute_exists(${parts.name('pk')})`,
    ...write.when.map((clause) => clauseText(clause, parts)),
  ].join(' AND ');

/**
 * The attributes a write sets, with those that follow from them. One that moves the expiry of a
 * result names the job's key as well, should it have one.
 */
const attributesSet = ({ set }: JobWrite): ReadonlyMap<string, unknown> => {
  const attributes = new Map<string, unknown>(Object.entries(set));
  const { resultExpiresAtMs, idempotency: key } = set;
  if (typeof resultExpiresAtMs === 'number') {
    const idempotency = typeof key === 'object' ? key : undefined;
    attributes.set('expiresAtSeconds', jobTtlSeconds({ resultExpiresAtMs, idempotency }));
  }
  return attributes;
};

const updateText = (write: JobWrite, { name, value }: Placeholders): string => {
  const attributes = attributesSet(write);
  const cleared = new Set<string>(write.clear);
  const sets: string[] = [];
  for (const [attribute, changed] of attributes) {
    if (changed === undefined) cleared.add(attribute);
    else if (!cleared.has(attribute)) sets.push(`${name(attribute)} = ${value(changed)}`);
  }
  return [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(cleared.size > 0 ? [`REMOVE ${[...cleared].map(name).join(', ')}`] : []),
  ].join(' ');
};

/** The condition alone, for a deletion. */
export const toCondition = (write: JobWrite): Condition => {
  const parts = placeholders();
  const ConditionExpression = conditionText(write, parts);
  return { ConditionExpression, ...parts.collected() };
};

/** Condition and changes. A field set to undefined is removed, and `clear` wins over `set`. */
export const toUpdate = (write: JobWrite): Update => {
  const parts = placeholders();
  const ConditionExpression = conditionText(write, parts);
  const UpdateExpression = updateText(write, parts);
  return {
    ConditionExpression,
    ...(UpdateExpression !== '' && { UpdateExpression }),
    ...parts.collected(),
  };
};
