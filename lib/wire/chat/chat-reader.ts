import type { Usage } from '../../job/job.ts';
import type { EventReader } from '../production.ts';
import { type ChatChunk, readChatChunk } from './chunk.ts';
import { buildChatCompletion, type CompletionDefaults } from './completion.ts';
import { finishStatus, knownFinishReason } from './finish-reason.ts';

type Reader = CompletionDefaults & {
  /** The client asked for the usage in its stream. */
  readonly includeUsage: boolean;
};

/**
 * The chunk as the client reads it: under our id, and without the usage that only we asked for.
 * Undefined when nothing else was in it.
 */
const entryOf = ({ event, usage, choices }: ChatChunk, reader: Reader): string | undefined => {
  const isOurs = !reader.includeUsage && choices.length === 0 && usage !== undefined;
  if (isOurs) return undefined;
  const { usage: told, ...rest } = event;
  const shown = !reader.includeUsage && told === null ? rest : event;
  return JSON.stringify({ ...shown, id: reader.id });
};

/** Reads a chat upstream for a chat client. Entries are chunks, the final object is the completion. */
export const chatReader = (reader: Reader): EventReader => {
  const completion = buildChatCompletion();
  let model: string | undefined;
  let usage: Usage | undefined;

  return {
    read(event) {
      const chunk = readChatChunk(event);
      completion.add(chunk);
      model = chunk.model ?? model;
      usage = chunk.usage ?? usage;
      const entry = entryOf(chunk, reader);
      return {
        entries: entry === undefined ? [] : [entry],
        ...(chunk.model === undefined ? {} : { model: chunk.model }),
      };
    },
    end() {
      const reasons = completion.finishReasons();
      const ended = reasons.filter((reason) => reason !== undefined);
      if (reasons.length === 0 || ended.length < reasons.length) return undefined;
      const statuses = ended.map((reason) => finishStatus(knownFinishReason(reason)));
      return {
        status: statuses.includes('incomplete') ? 'incomplete' : 'completed',
        final: completion.build(reader),
        usage,
        model: model ?? reader.model,
        error: undefined,
      };
    },
  };
};
