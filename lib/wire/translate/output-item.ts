import type { JsonObject } from '../production.ts';
import { type Delta, type PartKind, type TextPart, textPart } from './text-part.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

type Place = { readonly id: string; readonly outputIndex: number };

/** An item of the output while it is written. Its methods give the events that tell of it. */
export type OutputItem = {
  opening(): readonly JsonObject[];
  closing(status: ItemStatus): readonly JsonObject[];
  /** As it stands. */
  item(): JsonObject;
};

export type TextItem = OutputItem & {
  readonly type: 'message' | 'reasoning';
  add(kind: PartKind, delta: Delta): readonly JsonObject[];
  annotate(annotation: JsonObject): readonly JsonObject[];
};

export type CallItem = OutputItem & { add(piece: string): readonly JsonObject[] };

const added = (output_index: number, item: JsonObject): JsonObject => ({
  type: 'response.output_item.added',
  output_index,
  item,
});
const done = (output_index: number, item: JsonObject): JsonObject => ({
  type: 'response.output_item.done',
  output_index,
  item,
});

/** A message or a train of thought: parts of text, one after the other. */
export const textItem = (
  type: TextItem['type'],
  { id, outputIndex: output_index }: Place,
): TextItem => {
  const parts: TextPart[] = [];
  let status: ItemStatus = 'in_progress';

  const item = (): JsonObject => {
    const content = parts.map((part) => part.part());
    return type === 'message'
      ? { type, id, status, role: 'assistant', content }
      : { type, id, status, summary: [], content };
  };
  const closeLast = (): readonly JsonObject[] => parts.at(-1)?.closing() ?? [];
  const current = (kind: PartKind): { part: TextPart; events: readonly JsonObject[] } => {
    const last = parts.at(-1);
    if (last?.kind === kind) return { part: last, events: [] };
    const closed = closeLast();
    const place = { item_id: id, output_index, content_index: parts.length };
    const part = textPart(kind, place);
    parts.push(part);
    return { part, events: [...closed, part.opening()] };
  };
  return {
    type,
    item,
    opening: () => [added(output_index, item())],
    add(kind, delta) {
      const { part, events } = current(kind);
      return [...events, part.add(delta)];
    },
    annotate(annotation) {
      const { part, events } = current('output_text');
      return [...events, part.annotate(annotation)];
    },
    closing(final) {
      const closed = closeLast();
      status = final;
      return [...closed, done(output_index, item())];
    },
  };
};

/** A call of a function, whose arguments come in pieces of JSON. */
export const callItem = (
  { id, outputIndex: output_index }: Place,
  { call_id, name }: { readonly call_id: string; readonly name: string },
): CallItem => {
  let given = '';
  let status: ItemStatus = 'in_progress';
  const place = { item_id: id, output_index };

  const item = (): JsonObject => ({
    type: 'function_call',
    id,
    status,
    call_id,
    name,
    arguments: given,
  });
  return {
    item,
    opening: () => [added(output_index, item())],
    add(piece) {
      given += piece;
      return [{ type: 'response.function_call_arguments.delta', ...place, delta: piece }];
    },
    closing(final) {
      status = final;
      const type = 'response.function_call_arguments.done';
      return [{ type, ...place, name, arguments: given }, done(output_index, item())];
    },
  };
};
