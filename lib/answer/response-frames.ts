import { assertNever } from '../errors.ts';
import { wasErased } from '../generation/erased.ts';
import type { StreamItem } from '../generation/follow.ts';
import type { ReadDeps } from '../generation/read.ts';
import type { Job } from '../job/job.ts';
import { errorEvent, eventFrame, snapshotEvent, terminalEvent } from '../wire/responses/events.ts';
import { sseDone } from '../wire/sse.ts';
import type { Framer } from './event-stream.ts';
import { responseOf } from './job-object.ts';

const restarted = {
  code: 'attempt_restarted',
  message: 'The generation was started anew. Read the response again to follow it.',
  param: null,
};
const deleted = { code: 'not_found', message: 'The response was deleted.', param: null };

/**
 * A job's stream as events of the responses protocol. Entries are numbered from 0; the event that
 * ends the stream is made from the job's end.
 */
export const responseFrames = (
  deps: ReadDeps,
  afterSeq: number,
  view: (job: Job) => ReturnType<typeof responseOf> = (job) => responseOf(deps, job),
): Framer => {
  let last = afterSeq;
  const ending = (entry: string, number: number): string => eventFrame(entry, number) + sseDone;
  const lastEvent = async (job: Job): Promise<string> => {
    try {
      return terminalEvent(await view(job));
    } catch (error) {
      if (await wasErased(deps, job.id, error)) return errorEvent(deleted);
      throw error;
    }
  };
  /** Of a job that put out nothing: official clients expect a stream to open with the response. */
  const wholeStream = async (job: Job): Promise<string> => {
    const opened = { ...(await view(job)), status: 'in_progress', error: null, usage: null };
    const entries = [
      snapshotEvent('response.created', opened),
      snapshotEvent('response.in_progress', opened),
      await lastEvent(job),
    ];
    return entries.map(eventFrame).slice(afterSeq).join('') + sseDone;
  };
  return async (item: StreamItem) => {
    switch (item.kind) {
      case 'entry':
        last = item.seq;
        return eventFrame(item.entry, item.seq - 1);
      case 'restarted':
        // The next number is that of the next attempt's first event, which whoever goes on after
        // this one has to be shown: the error shares its number with the event before it.
        return ending(errorEvent(restarted), Math.max(0, last - 1));
      case 'deleted':
        return ending(errorEvent(deleted), last);
      case 'ended':
        // The reader has the event that ends the stream already.
        if (item.job.seq === 0 && last === afterSeq) return wholeStream(item.job);
        if (afterSeq > item.job.seq) return sseDone;
        return ending(await lastEvent(item.job), Math.max(last, item.job.seq));
      case 'interrupted':
        return '';
      default:
        return assertNever(item);
    }
  };
};
