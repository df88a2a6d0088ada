import type { Usage } from '../../job/job.ts';
import type { FinalGeneration } from '../final-generation.ts';
import { isJsonObject } from '../json-object.ts';
import type { EventReader, JsonObject } from '../production.ts';
import { readChatChunk } from './chunk.ts';
import { finishStatus, knownFinishReason } from './finish-reason.ts';

/** Of content in parts (Mistral's reasoning models), those of type `text` are the answer. */
const contentText = (content: unknown): string => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) =>
      isJsonObject(part) && part['type'] === 'text' && typeof part['text'] === 'string'
        ? part['text']
        : '',
    )
    .join('');
};

/** A refusal is text: it is what the model says to the client. */
const textOf = ({ content, refusal }: JsonObject): string =>
  contentText(content) + (typeof refusal === 'string' ? refusal : '');

/**
 * Reads a chat upstream for `POST /generate`. Entries are text deltas, the final object is a
 * FinalGeneration. `model` is the one asked for, should the upstream name none.
 */
export const generateReader = (model: string): EventReader => {
  const deltas: string[] = [];
  let answeredBy = model;
  let usage: Usage | undefined;
  let reason: string | undefined;

  return {
    read(event) {
      const chunk = readChatChunk(event);
      const choice = chunk.choices.find(({ index }) => index === 0);
      const text = textOf(choice?.delta ?? {});
      if (text !== '') deltas.push(text);
      answeredBy = chunk.model ?? answeredBy;
      usage = chunk.usage ?? usage;
      reason ??= choice?.finishReason;
      return {
        entries: text === '' ? [] : [text],
        ...(chunk.model === undefined ? {} : { model: chunk.model }),
      };
    },
    end() {
      if (reason === undefined) return undefined;
      const finishReason = knownFinishReason(reason);
      const final: FinalGeneration = { text: deltas.join(''), model: answeredBy, finishReason };
      return {
        status: finishStatus(finishReason),
        final,
        usage,
        model: answeredBy,
        error: undefined,
      };
    },
  };
};
