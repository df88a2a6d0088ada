/**
 * What OpenAI's and Open Responses' documents say about the order of a stream's events, checked
 * without any code of the translation.
 */

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

type Part = { type: unknown; text: string; isDone: boolean };
type Item = { id: unknown; type: unknown; parts: Part[]; given: string; isDone: boolean };

const endings = ['response.completed', 'response.incomplete', 'response.failed'];
const partOfDelta: Readonly<Record<string, string>> = {
  'response.output_text': 'output_text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'reasoning_text',
};

/** Throws an Error that says which event broke which rule. */
export const checkGrammar = (events: readonly unknown[]): void => {
  const items: Item[] = [];
  let hasEnded = false;

  events.forEach((value, sequence) => {
    const event = fields(value);
    const type = String(event['type']);
    const demand = (holds: boolean, rule: string): void => {
      if (!holds) throw new Error(`event ${sequence} (${type}): ${rule}`);
    };
    const itemOf = (): Item => {
      const item = items[Number(event['output_index'])];
      if (item === undefined) throw new Error(`event ${sequence} (${type}): no such item`);
      demand(!item.isDone, 'its item is done');
      if ('item_id' in event) demand(item.id === event['item_id'], 'its item has another id');
      return item;
    };
    const partOf = (): Part => {
      const { parts } = itemOf();
      const part = parts[Number(event['content_index'])];
      if (part === undefined) throw new Error(`event ${sequence} (${type}): no such part`);
      demand(part === parts.at(-1), 'its part is not the last');
      return part;
    };

    demand(event['sequence_number'] === sequence, 'its number is not its place');
    demand(!hasEnded, 'it comes after the end');
    if (sequence === 0) demand(type === 'response.created', 'it is not the beginning');
    if (sequence === 1) demand(type === 'response.in_progress', 'it is not the second');
    if (sequence < 2) return;
    if (endings.includes(type)) {
      hasEnded = true;
      demand(
        items.every(({ isDone }) => isDone),
        'an item is not done',
      );
      return;
    }
    const [, family = '', step = ''] = /^(.*)\.(\w+)$/.exec(type) ?? [];
    if (type === 'response.output_item.added') {
      const item = fields(event['item']);
      demand(event['output_index'] === items.length, 'it leaves a gap');
      demand(item['status'] === 'in_progress', 'its item is not in progress');
      demand(
        items.every(({ id }) => id !== item['id']),
        'its id is another item’s',
      );
      items.push({ id: item['id'], type: item['type'], parts: [], given: '', isDone: false });
    } else if (type === 'response.output_item.done') {
      const item = itemOf();
      const done = fields(event['item']);
      demand(done['id'] === item.id && done['type'] === item.type, 'it is another item');
      demand(
        item.parts.every(({ isDone }) => isDone),
        'a part is not done',
      );
      demand(done['status'] !== 'in_progress', 'its item is in progress');
      const said = (Array.isArray(done['content']) ? done['content'] : []).map(fields);
      const texts = said.map((part) => part['text'] ?? part['refusal']);
      demand(
        JSON.stringify(texts) === JSON.stringify(item.parts.map(({ text }) => text)),
        'its item does not hold what its parts said',
      );
      if (item.type === 'function_call') {
        demand(done['arguments'] === item.given, 'its arguments are not its deltas');
      }
      item.isDone = true;
    } else if (type === 'response.content_part.added') {
      const { parts } = itemOf();
      demand(event['content_index'] === parts.length, 'it leaves a gap');
      demand(
        parts.every(({ isDone }) => isDone),
        'the part before is not done',
      );
      parts.push({ type: fields(event['part'])['type'], text: '', isDone: false });
    } else if (type === 'response.content_part.done') {
      const part = partOf();
      const done = fields(event['part']);
      demand(part.isDone, 'its text is not done');
      demand((done['text'] ?? done['refusal']) === part.text, 'its part is not its deltas');
    } else if (type === 'response.output_text.annotation.added') {
      demand(partOf().type === 'output_text', 'its part is no text');
    } else if (family === 'response.function_call_arguments') {
      const item = itemOf();
      demand(item.type === 'function_call', 'its item is no call');
      if (step === 'delta') item.given += String(event['delta']);
      else demand(event['arguments'] === item.given, 'it is not what its deltas said');
    } else {
      const part = partOf();
      demand(part.type === partOfDelta[family], 'its part is of another type');
      demand(!part.isDone, 'its part is done');
      if (step === 'delta') part.text += String(event['delta']);
      else {
        demand((event['text'] ?? event['refusal']) === part.text, 'it is not what its deltas said');
        part.isDone = true;
      }
    }
  });
  if (!hasEnded) throw new Error('the stream does not end');
};
