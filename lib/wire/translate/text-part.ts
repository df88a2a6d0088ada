import type { JsonObject } from '../production.ts';

/** OpenAI's names for reasoning events, which its clients know; Open Responses drops the `_text`. */
const kinds = {
  output_text: { field: 'text', event: 'response.output_text' },
  refusal: { field: 'refusal', event: 'response.refusal' },
  reasoning_text: { field: 'text', event: 'response.reasoning_text' },
} as const;

export type PartKind = keyof typeof kinds;

/** Where a part stands: every event about it says so. */
export type PartPlace = {
  readonly item_id: string;
  readonly output_index: number;
  readonly content_index: number;
};

export type Delta = { readonly text: string; readonly logprobs: readonly JsonObject[] };

export type TextPart = {
  readonly kind: PartKind;
  opening(): JsonObject;
  add(delta: Delta): JsonObject;
  annotate(annotation: JsonObject): JsonObject;
  closing(): readonly JsonObject[];
  /** As it stands. */
  part(): JsonObject;
};

/** One part of an item's content, from its first event to its last. */
export const textPart = (kind: PartKind, place: PartPlace): TextPart => {
  const { field, event } = kinds[kind];
  const isOutput = kind === 'output_text';
  const logprobs: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  let text = '';

  const part = (): JsonObject => ({
    type: kind,
    [field]: text,
    ...(isOutput ? { annotations: [...annotations], logprobs: [...logprobs] } : {}),
  });
  return {
    kind,
    part,
    opening: () => ({ type: 'response.content_part.added', ...place, part: part() }),
    add(delta) {
      text += delta.text;
      logprobs.push(...delta.logprobs);
      return {
        type: `${event}.delta`,
        ...place,
        delta: delta.text,
        ...(isOutput ? { logprobs: delta.logprobs } : {}),
      };
    },
    annotate(annotation) {
      const annotation_index = annotations.push(annotation) - 1;
      const type = 'response.output_text.annotation.added';
      return { type, ...place, annotation_index, annotation };
    },
    closing: () => [
      { type: `${event}.done`, ...place, [field]: text, ...(isOutput ? { logprobs } : {}) },
      { type: 'response.content_part.done', ...place, part: part() },
    ],
  };
};
