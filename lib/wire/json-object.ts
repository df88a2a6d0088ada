import type { JsonObject } from './production.ts';

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The array, or an empty one where there is none. */
export const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The objects of an array; whatever else it holds is left out. */
export const objectsOf = (value: unknown): readonly JsonObject[] =>
  arrayOf(value).filter(isJsonObject);

/** The string, or undefined for any other value. */
export const stringOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** What a table holds under a name from outside; never what objects inherit, such as `constructor`. */
export const entryOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** The object without those of its fields. */
export const without = (object: JsonObject, ...fields: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !fields.includes(name)));
