import { isJsonObject, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import { malformedEvent } from '../responses/upstream-fault.ts';
import type { CallItem } from './output-item.ts';

type Call = {
  readonly index: unknown;
  id: string | undefined;
  name: string | undefined;
  /** Arguments that came before the name did. */
  waiting: string;
  item: CallItem | undefined;
};

/** Makes the item of a call that has its name. `id` is the upstream's, where it is of use. */
export type OpenCall = (name: string, id: string | undefined) => CallItem;

/** Ollama's native clients send arguments as an object. */
const argumentsOf = (given: unknown): string => {
  if (typeof given === 'string') return given;
  return given === undefined || given === null ? '' : JSON.stringify(given);
};

/**
 * The tool calls of one answer, told apart by index; servers that send whole calls leave it out, and
 * some number every call with 0. A call is told as soon as its name is known.
 */
export const toolCalls = (open: OpenCall) => {
  const calls: Call[] = [];

  const isAnother = (call: Call, id: string | undefined, name: string | undefined): boolean =>
    id !== undefined && call.id !== undefined && call.id !== id && name !== undefined;
  const known = (piece: JsonObject, id: string | undefined, name: string | undefined) => {
    const { index } = piece;
    if (typeof index === 'number') {
      const call = calls.findLast((other) => other.index === index);
      return call === undefined || isAnother(call, id, name) ? undefined : call;
    }
    return id === undefined ? calls.at(-1) : calls.find((other) => other.id === id);
  };
  const callOf = (piece: JsonObject, id: string | undefined, name: string | undefined): Call => {
    const call = known(piece, id, name);
    if (call !== undefined) return call;
    const fresh: Call = { index: piece['index'], id, name, waiting: '', item: undefined };
    calls.push(fresh);
    return fresh;
  };
  const isTaken = (call: Call): boolean =>
    calls.some((other) => other !== call && other.id === call.id && other.item !== undefined);

  return {
    /** The events of one piece of a call. */
    add(piece: JsonObject): readonly JsonObject[] {
      const called = isJsonObject(piece['function']) ? piece['function'] : {};
      const id = stringOf(piece['id']) || undefined;
      const name = stringOf(called['name']) || undefined;
      const call = callOf(piece, id, name);
      call.id ??= id;
      call.name ??= name;
      call.waiting += argumentsOf(called['arguments']);
      if (call.name === undefined) return [];
      const opened = call.item === undefined;
      call.item ??= open(call.name, isTaken(call) ? undefined : call.id);
      const piecesToTell = call.waiting;
      call.waiting = '';
      return [
        ...(opened ? call.item.opening() : []),
        ...(piecesToTell === '' ? [] : call.item.add(piecesToTell)),
      ];
    },
    /** Throws Fault `upstream_malformed` when a call never said what it calls. */
    check(): void {
      if (calls.some((call) => call.item === undefined)) {
        throw malformedEvent('a tool call with a name');
      }
    },
  };
};
