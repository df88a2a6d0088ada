import { type EpochMs, epochMs } from '../job/time.ts';

/*
 * For items so small that a schema costs more: what the authorizer reads. Each throws a TypeError
 * that names the field and never its value.
 */

type Fields = Readonly<Record<PropertyKey, unknown>>;

/** A text that is not empty. */
export const textIn = (fields: Fields, name: string): string => {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`${name} is no text`);
};

export const textsIn = (fields: Fields, name: string): string[] => {
  const value = fields[name];
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw new TypeError(`${name} is no list of texts`);
};

export const instantIn = (fields: Fields, name: string): EpochMs => {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return epochMs(value);
  throw new TypeError(`${name} is no instant`);
};

/** Undefined where there is none. */
export const optionalInstantIn = (fields: Fields, name: string): EpochMs | undefined =>
  fields[name] === undefined ? undefined : instantIn(fields, name);
