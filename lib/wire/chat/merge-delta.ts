import { isJsonObject } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

type Fields = Record<string, unknown>;

/** Fields that name a thing: a repeat of them is the same name, not more of it. */
const names: readonly string[] = ['id', 'type', 'role', 'name', 'index', 'format', 'object'];

const isFields = (value: unknown): value is Fields => isJsonObject(value);

const mergeText = (field: string, before: string, piece: string): string => {
  if (!names.includes(field)) return before + piece;
  return piece === '' ? before : piece;
};

/**
 * What two pieces of one field make: strings and arrays are appended, objects are merged field by
 * field, and of the rest the last one counts. Null adds nothing.
 */
const merge = (field: string, before: unknown, piece: unknown): unknown => {
  if (piece === null || piece === undefined) return before ?? null;
  if (typeof before === 'string' && typeof piece === 'string') {
    return mergeText(field, before, piece);
  }
  if (Array.isArray(piece)) {
    const all: unknown[] = Array.isArray(before) ? before : [];
    for (const member of piece) all.push(member);
    return all;
  }
  return isJsonObject(piece) ? mergeFields(isFields(before) ? before : {}, piece) : piece;
};

/**
 * Adds a piece of an object to what there is of it. Changes `whole`, which must be the caller's own,
 * since a copy for each of a hundred thousand pieces would never end; takes copies from `piece`.
 */
export const mergeFields = (whole: Fields, piece: JsonObject): Fields => {
  for (const [field, value] of Object.entries(piece)) {
    whole[field] = merge(field, Object.hasOwn(whole, field) ? whole[field] : undefined, value);
  }
  return whole;
};

/** Parts of the same type that follow each other are one part: text in pieces. */
const appendParts = (parts: unknown[], pieces: readonly unknown[]): unknown[] => {
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (!isJsonObject(piece)) parts.push(piece);
    else if (isFields(last) && last['type'] === piece['type']) appendToPart(last, piece);
    else parts.push(appendToPart({}, piece));
  }
  return parts;
};

/** A part's own arrays are parts again: reasoning is one with its text inside. */
const appendToPart = (part: Fields, piece: JsonObject): Fields => {
  for (const [field, value] of Object.entries(piece)) {
    const before = part[field];
    part[field] = Array.isArray(value)
      ? appendParts(Array.isArray(before) ? before : [], value)
      : merge(field, before, value);
  }
  return part;
};

const asParts = (content: unknown): unknown[] => {
  if (Array.isArray(content)) return content;
  return typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : [];
};

/**
 * Content is text, or parts of it with Mistral's reasoning models; parts once there were any.
 * Changes `before` as `mergeFields` does.
 */
export const mergeContent = (before: unknown, piece: unknown): unknown =>
  Array.isArray(before) || Array.isArray(piece)
    ? appendParts(asParts(before), asParts(piece))
    : merge('content', before, piece);

/** Where a piece of a tool call belongs: servers that send whole calls leave out the index. */
const callOf = (calls: readonly Fields[], { index, id }: JsonObject): Fields | undefined => {
  if (typeof index === 'number') return calls.find((known) => known['index'] === index);
  if (typeof id === 'string') return calls.find((known) => known['id'] === id);
  return calls.at(-1);
};

/** Adds pieces of tool calls to `calls`, which it changes; each call keeps the index it came with. */
export const mergeToolCalls = (calls: Fields[], pieces: readonly JsonObject[]): void => {
  for (const piece of pieces) {
    const known = callOf(calls, piece);
    if (known === undefined) calls.push(mergeFields({}, piece));
    else mergeFields(known, piece);
  }
};
