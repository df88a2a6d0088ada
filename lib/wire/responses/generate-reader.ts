import type { FinalGeneration } from '../final-generation.ts';
import { isJsonObject, objectsOf, stringOf } from '../json-object.ts';
import type { EventReader, Finish, JsonObject } from '../production.ts';
import { readEvent } from './events.ts';
import { textOf } from './finish.ts';

/** A refusal is text: it is what the model says to the client. */
const textEvents: readonly string[] = ['response.output_text.delta', 'response.refusal.delta'];

const reasonOf = (
  status: Finish['status'],
  response: JsonObject,
): FinalGeneration['finishReason'] => {
  if (status === 'incomplete') {
    const details = response['incomplete_details'];
    const reason = isJsonObject(details) ? details['reason'] : undefined;
    return reason === 'content_filter' ? 'content_filter' : 'length';
  }
  const last = objectsOf(response['output']).at(-1)?.['type'];
  return last === 'function_call' || last === 'custom_tool_call' ? 'tool_calls' : 'stop';
};

/**
 * Reads the events of a responses upstream for a client of `generate`: text deltas, and a
 * `FinalGeneration`. The whole text is that of the final object, so that a stream taken up in its
 * middle ends with all of it.
 */
export const generateReader = (): EventReader => {
  let finish: Finish | undefined;
  let said = '';
  const generationOf = (ended: Finish): Finish => {
    const response = isJsonObject(ended.final) ? ended.final : {};
    const final: FinalGeneration = {
      text: textOf(response) || said,
      model: ended.model,
      finishReason: reasonOf(ended.status, response),
    };
    return { ...ended, final };
  };
  return {
    read(event) {
      const { type, finish: ended, tells } = readEvent(event);
      const delta = textEvents.includes(type) ? (stringOf(event['delta']) ?? '') : '';
      said += delta;
      if (ended !== undefined) finish ??= generationOf(ended);
      return {
        entries: delta === '' ? [] : [delta],
        ...tells,
        ...(ended === undefined || finish === undefined ? {} : { finish }),
      };
    },
    end: () => finish,
  };
};
