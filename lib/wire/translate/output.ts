import type { JsonObject } from '../production.ts';
import { callId, outputItemId } from '../responses/item-id.ts';
import { callItem, type OutputItem, type TextItem, textItem } from './output-item.ts';
import type { Delta, PartKind } from './text-part.ts';
import { toolCalls } from './tool-calls.ts';

export type OutputIds = { readonly jobId: string; readonly attempt: number };

/**
 * The output of one answer, item by item, as the events of the responses protocol tell it. Items
 * are numbered as they first appear. A text item ends when another item begins; text that comes after
 * a tool call is a message of its own. Calls stay open to the end, since their pieces may mix.
 */
export const outputBuilder = ({ jobId, attempt }: OutputIds) => {
  const items: OutputItem[] = [];
  const open = new Set<OutputItem>();
  let text: TextItem | undefined;

  const placeOf = (type: string) => ({
    id: outputItemId(type, jobId, attempt, items.length),
    outputIndex: items.length,
  });
  const close = (item: OutputItem, status: 'completed' | 'incomplete'): readonly JsonObject[] => {
    open.delete(item);
    return item.closing(status);
  };
  const closeText = (): readonly JsonObject[] => {
    const closing = text === undefined ? [] : close(text, 'completed');
    text = undefined;
    return closing;
  };
  const start = <T extends OutputItem>(item: T): T => {
    items.push(item);
    open.add(item);
    return item;
  };
  const textOfType = (type: TextItem['type']) => {
    if (text?.type === type) return { item: text, events: [] };
    const closed = closeText();
    text = start(textItem(type, placeOf(type)));
    return { item: text, events: [...closed, ...text.opening()] };
  };
  const calls = toolCalls((name, id) => {
    const call_id = id ?? callId(jobId, attempt, items.length);
    return start(callItem(placeOf('function_call'), { call_id, name }));
  });

  return {
    say(kind: PartKind, delta: Delta): readonly JsonObject[] {
      const { item, events } = textOfType(kind === 'reasoning_text' ? 'reasoning' : 'message');
      return [...events, ...item.add(kind, delta)];
    },
    annotate(annotation: JsonObject): readonly JsonObject[] {
      const { item, events } = textOfType('message');
      return [...events, ...item.annotate(annotation)];
    },
    call(piece: JsonObject): readonly JsonObject[] {
      const count = items.length;
      const told = calls.add(piece);
      return items.length > count ? [...closeText(), ...told] : told;
    },
    /** Ends what is open. Of an answer that was cut short the last item is the incomplete one. */
    end(status: 'completed' | 'incomplete'): readonly JsonObject[] {
      calls.check();
      const last = items.at(-1);
      text = undefined;
      return [...open].flatMap((item) => close(item, item === last ? status : 'completed'));
    },
    items: (): readonly JsonObject[] => items.map((item) => item.item()),
  };
};
