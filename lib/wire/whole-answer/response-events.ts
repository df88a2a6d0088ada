import { objectsOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

/** One event, but for the place that all events of an item share, and the number. */
type Step = JsonObject & { readonly type: string };

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const partSteps = (part: JsonObject, content_index: number): readonly Step[] => {
  const text = textOf(part['text']);
  const refusal = textOf(part['refusal']);
  const logprobs = part['logprobs'] ?? [];
  const written = (): readonly [JsonObject, ...Step[]] => {
    switch (part['type']) {
      case 'output_text':
        return [
          { ...part, text: '', annotations: [], logprobs: [] },
          { type: 'response.output_text.delta', content_index, delta: text, logprobs },
          { type: 'response.output_text.done', content_index, text, logprobs },
        ];
      case 'refusal':
        return [
          { ...part, refusal: '' },
          { type: 'response.refusal.delta', content_index, delta: refusal },
          { type: 'response.refusal.done', content_index, refusal },
        ];
      case 'reasoning_text':
        return [
          { ...part, text: '' },
          { type: 'response.reasoning_text.delta', content_index, delta: text },
          { type: 'response.reasoning_text.done', content_index, text },
        ];
      default:
        return [part];
    }
  };
  const [begun, ...steps] = written();
  return [
    { type: 'response.content_part.added', content_index, part: begun },
    ...steps,
    { type: 'response.content_part.done', content_index, part },
  ];
};

const summarySteps = (part: JsonObject, summary_index: number): readonly Step[] => {
  const text = textOf(part['text']);
  return [
    { type: 'response.reasoning_summary_part.added', summary_index, part: { ...part, text: '' } },
    { type: 'response.reasoning_summary_text.delta', summary_index, delta: text },
    { type: 'response.reasoning_summary_text.done', summary_index, text },
    { type: 'response.reasoning_summary_part.done', summary_index, part },
  ];
};

/** The item as it was when it began, and what came between its beginning and its end. */
const itemSteps = (item: JsonObject): readonly [JsonObject, ...Step[]] => {
  switch (item['type']) {
    case 'message':
      return [
        { ...item, status: 'in_progress', content: [] },
        ...objectsOf(item['content']).flatMap(partSteps),
      ];
    case 'reasoning':
      return [
        { ...item, summary: [], ...('content' in item ? { content: [] } : {}) },
        ...objectsOf(item['summary']).flatMap(summarySteps),
        ...objectsOf(item['content']).flatMap(partSteps),
      ];
    case 'function_call': {
      const written = textOf(item['arguments']);
      return [
        { ...item, status: 'in_progress', arguments: '' },
        { type: 'response.function_call_arguments.delta', delta: written },
        { type: 'response.function_call_arguments.done', name: item['name'], arguments: written },
      ];
    }
    default:
      return [item];
  }
};

/**
 * The output of a response that came in one piece, as the events a stream would have had from its
 * first item to its last. They have no `sequence_number`: only who sends them knows what came before.
 */
export const outputEvents = (response: JsonObject): readonly Step[] =>
  objectsOf(response['output']).flatMap((item, output_index) => {
    const [begun, ...steps] = itemSteps(item);
    const place = { item_id: item['id'], output_index };
    return [
      { type: 'response.output_item.added', output_index, item: begun },
      ...steps.map((step) => ({ ...step, ...place })),
      { type: 'response.output_item.done', output_index, item },
    ];
  });
