/** Attributes as DynamoDB's JSON protocol has them. */
export type Item = Readonly<Record<string, unknown>>;

/** The names of an index's key attributes. */
export type IndexKeys = readonly string[];

const entryOf = (keys: IndexKeys, item: Item | undefined): string | undefined => {
  const values = keys.map((name) => item?.[name]);
  return values.includes(undefined) ? undefined : JSON.stringify(values);
};

const writesOf = (keys: IndexKeys, before: Item | undefined, after: Item | undefined): number => {
  const old = entryOf(keys, before);
  const now = entryOf(keys, after);
  if (old === now) return 0;
  return old !== undefined && now !== undefined ? 2 : 1;
};

/**
 * What one write of an item costs in its indexes, which hold keys alone, so that an entry is never
 * over 1 KB: one unit for an entry that comes or goes, two where the key changes, none else
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html, "Write capacity
 * units"; read 2026-11).
 */
export const indexWriteUnits = (
  indexes: readonly IndexKeys[],
  before: Item | undefined,
  after: Item | undefined,
): number => indexes.reduce((sum, keys) => sum + writesOf(keys, before, after), 0);
