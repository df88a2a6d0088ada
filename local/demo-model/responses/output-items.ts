import type { Call, Piece } from '../output.ts';
import { newItemId } from './item-id.ts';

/** An event of a stream without its number. */
export type Emit = (event: { readonly type: string; readonly [field: string]: unknown }) => void;

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** How an item of one kind is begun, written and ended, event by event. */
interface OpenItem {
  /** Whether the piece is more of this item. */
  takes(piece: Piece): boolean;
  write(text: string): void;
  /** The events that end it. */
  end(status: ItemStatus): void;
  /** The item with what is written so far. */
  item(status: ItemStatus): object;
}

type Place = { readonly item_id: string; readonly output_index: number };

function openMessage(place: Place, emit: Emit): OpenItem {
  let written = '';
  const part = (text: string) => ({ type: 'output_text', annotations: [], logprobs: [], text });
  const at = { ...place, content_index: 0 };
  const item = (status: ItemStatus, content: object[]) => ({
    id: place.item_id,
    type: 'message',
    status,
    content,
    role: 'assistant',
  });
  const { output_index } = place;
  emit({ type: 'response.output_item.added', output_index, item: item('in_progress', []) });
  emit({ type: 'response.content_part.added', ...at, part: part('') });
  return {
    takes: ({ kind }) => kind === 'text',
    write(text) {
      written += text;
      emit({ type: 'response.output_text.delta', ...at, delta: text, logprobs: [] });
    },
    end(status) {
      const content = part(written);
      emit({ type: 'response.output_text.done', ...at, text: written, logprobs: [] });
      emit({ type: 'response.content_part.done', ...at, part: content });
      const done = item(status, [content]);
      emit({ type: 'response.output_item.done', output_index, item: done });
    },
    item: (status) => item(status, [part(written)]),
  };
}

function openCall(place: Place, emit: Emit, call: Call, callIndex: number): OpenItem {
  let written = '';
  const { output_index } = place;
  const item = (status: ItemStatus) => ({
    id: place.item_id,
    type: 'function_call',
    status,
    arguments: written,
    call_id: call.id,
    name: call.name,
  });
  emit({ type: 'response.output_item.added', output_index, item: item('in_progress') });
  return {
    takes: (piece) => piece.kind === 'call' && piece.call === callIndex,
    write(text) {
      written += text;
      emit({ type: 'response.function_call_arguments.delta', ...place, delta: text });
    },
    end(status) {
      const { name } = call;
      const done = { ...place, arguments: written, name };
      emit({ type: 'response.function_call_arguments.done', ...done });
      emit({ type: 'response.output_item.done', output_index, item: item(status) });
    },
    item,
  };
}

/** How reasoning is shown. */
export interface ReasoningView {
  /** As a summary, which is what OpenAI shows; else as it is, which open models do. */
  readonly summarized: boolean;
  readonly encrypted: boolean;
}

function openReasoning(place: Place, emit: Emit, view: ReasoningView): OpenItem {
  let written = '';
  const { output_index } = place;
  const names = view.summarized
    ? { part: 'reasoning_summary_part', text: 'reasoning_summary_text', type: 'summary_text' }
    : { part: 'content_part', text: 'reasoning_text', type: 'reasoning_text' };
  const at = { ...place, [view.summarized ? 'summary_index' : 'content_index']: 0 };
  const part = (text: string) => ({ type: names.type, text });
  const item = (parts: object[], status: object) => ({
    id: place.item_id,
    type: 'reasoning',
    ...(view.encrypted && { encrypted_content: Buffer.from(written).toString('base64') }),
    summary: view.summarized ? parts : [],
    ...(!view.summarized && { content: parts }),
    ...status,
  });
  emit({ type: 'response.output_item.added', output_index, item: item([], {}) });
  emit({ type: `response.${names.part}.added`, ...at, part: part('') });
  return {
    takes: ({ kind }) => kind === 'reasoning',
    write(text) {
      written += text;
      emit({ type: `response.${names.text}.delta`, ...at, delta: text });
    },
    end() {
      emit({ type: `response.${names.text}.done`, ...at, text: written });
      emit({ type: `response.${names.part}.done`, ...at, part: part(written) });
      const done = item([part(written)], {});
      emit({ type: 'response.output_item.done', output_index, item: done });
    },
    item: () => item([part(written)], {}),
  };
}

/** Writes pieces as output items, with OpenAI's events around and in each of them. */
export class OutputItems {
  readonly #emit: Emit;
  readonly #calls: readonly Call[];
  readonly #view: ReasoningView;
  readonly #done: object[] = [];
  #open: OpenItem | null = null;

  constructor(emit: Emit, calls: readonly Call[], view: ReasoningView) {
    this.#emit = emit;
    this.#calls = calls;
    this.#view = view;
  }

  write(piece: Piece): void {
    if (this.#open && !this.#open.takes(piece)) this.end('completed');
    this.#open ??= this.#begin(piece);
    this.#open.write(piece.text);
  }

  /** Ends the item under way, if there is one. */
  end(status: ItemStatus): void {
    this.#open?.end(status);
    if (this.#open) this.#done.push(this.#open.item(status));
    this.#open = null;
  }

  /** All items; the one under way with that status. */
  items(status: ItemStatus): readonly object[] {
    return this.#open ? [...this.#done, this.#open.item(status)] : [...this.#done];
  }

  #begin(piece: Piece): OpenItem {
    const call = piece.kind === 'call' ? this.#calls[piece.call] : undefined;
    const type = call ? 'function_call' : piece.kind === 'reasoning' ? 'reasoning' : 'message';
    const place = { item_id: newItemId(type), output_index: this.#done.length };
    if (piece.kind === 'call' && call) return openCall(place, this.#emit, call, piece.call);
    if (piece.kind === 'reasoning') return openReasoning(place, this.#emit, this.#view);
    return openMessage(place, this.#emit);
  }
}
