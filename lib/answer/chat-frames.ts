import { assertNever } from '../errors.ts';
import type { StreamItem } from '../generation/follow.ts';
import { isEnded, type Job } from '../job/job.ts';
import { chatFrame } from '../wire/chat/frame.ts';
import { errorFields } from '../wire/error-body.ts';
import { sseDone } from '../wire/sse.ts';
import type { Framer } from './event-stream.ts';

const errorFrame = (error: { code: string; message: string }): string =>
  chatFrame(JSON.stringify({ error: { type: 'server_error', param: null, ...error } }));

const endFrames = (job: Job): string => {
  if (isEnded(job) && job.error !== undefined) {
    return chatFrame(JSON.stringify({ error: errorFields(job.error) })) + sseDone;
  }
  return job.status === 'cancelled'
    ? errorFrame({ code: 'cancelled', message: 'The generation was cancelled.' }) + sseDone
    : sseDone;
};

/** A job's stream as OpenAI's chat completions are streamed: chunks without names, then [DONE]. */
export const chatFrames: Framer = (item: StreamItem) => {
  switch (item.kind) {
    case 'entry':
      return chatFrame(item.entry);
    case 'ended':
      return endFrames(item.job);
    case 'restarted':
      return errorFrame({ code: 'attempt_restarted', message: 'The generation was started anew.' });
    case 'deleted':
      return errorFrame({ code: 'not_found', message: 'The completion was deleted.' });
    case 'interrupted':
      return errorFrame({ code: 'server_error', message: 'The stream was interrupted.' });
    default:
      return assertNever(item);
  }
};
