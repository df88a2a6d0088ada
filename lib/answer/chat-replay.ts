import type { StreamItem } from '../generation/follow.ts';
import type { ReadDeps } from '../generation/read.ts';
import { followOrStandIn, type StandInDeps } from '../generation/stand-in.ts';
import { type EndedJob, isEnded, type Job } from '../job/job.ts';
import { readChatChunk } from '../wire/chat/chunk.ts';
import type { ChatRequest } from '../wire/chat/request.ts';
import { arrayOf, isJsonObject, without } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import { chatChunks } from '../wire/whole-answer/chat-chunks.ts';

type Entry = Extract<StreamItem, { kind: 'entry' }>;

/** Keeps count of what the chunks so far have told. */
const watchChunks = () => {
  const begun = new Set<number>();
  const ended = new Set<number>();
  let usageTold = false;
  return {
    see: ({ entry }: Entry): void => {
      const event: unknown = JSON.parse(entry);
      if (!isJsonObject(event)) return;
      const chunk = readChatChunk(event);
      for (const { index, finishReason } of chunk.choices) {
        begun.add(index);
        if (finishReason !== undefined) ended.add(index);
      }
      usageTold ||= chunk.usage !== undefined;
    },
    anyBegun: (): boolean => begun.size > 0,
    allEnded: (): boolean => begun.size > 0 && ended.size === begun.size,
    usageTold: (): boolean => usageTold,
  };
};

/** The stored completion as a stream would have had it; empty for a job that has none. */
const chunksOfFinal = async (
  deps: Pick<ReadDeps, 'content'>,
  job: EndedJob,
  { includeUsage }: ChatRequest,
): Promise<readonly JsonObject[]> => {
  if (job.final === undefined) return [];
  const final = await deps.content.getFinal(job.id, job.final);
  const completion = { ...(isJsonObject(final) ? final : {}), id: job.id };
  return chatChunks(includeUsage ? completion : without(completion, 'usage'));
};

const asEntries = (chunks: readonly JsonObject[]): readonly Entry[] =>
  chunks.map((chunk, index) => ({ kind: 'entry', seq: index + 1, entry: JSON.stringify(chunk) }));

const isUsage = ({ choices }: JsonObject): boolean => arrayOf(choices).length === 0;

/**
 * The chunks of a chat job that another request began: those that are stored, then what comes. The
 * last of them may be missing where a worker of an earlier version finished the job: then the stored
 * completion makes up for all of them, or, once some were shown, the stream ends as interrupted and
 * can be asked for again.
 */
export async function* replayChat(
  deps: ReadDeps & StandInDeps,
  job: Job,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<StreamItem> {
  const seen = watchChunks();
  /** Of a job that has ended everything is at hand, and looked through before any is shown. */
  const held: Entry[] = [];
  const holds = isEnded(job);
  for await (const item of followOrStandIn(deps, job.id, { afterSeq: 0 }, signal)) {
    if (item.kind === 'entry') {
      seen.see(item);
      if (holds) held.push(item);
      else yield item;
      continue;
    }
    const finished = item.kind === 'ended' && isEnded(item.job) && item.job.final !== undefined;
    if (!finished || seen.allEnded()) yield* held;
    if (finished && isEnded(item.job)) {
      const isShort = !seen.allEnded();
      if (isShort && !holds && seen.anyBegun()) {
        yield { kind: 'interrupted' };
        return;
      }
      const lacksUsage = request.includeUsage && !seen.usageTold();
      const whole = isShort || lacksUsage ? await chunksOfFinal(deps, item.job, request) : [];
      yield* asEntries(isShort ? whole : whole.filter(isUsage));
    }
    yield item;
  }
}
