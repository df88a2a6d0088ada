import * as z from 'zod';
import type { Told } from './told.ts';

const responseSchema = z.looseObject({ id: z.string(), status: z.string() });
const eventSchema = z.looseObject({
  type: z.string().optional(),
  sequence_number: z.number().optional(),
  delta: z.string().optional().catch(undefined),
  response: responseSchema.optional(),
  id: z.string().optional(),
  choices: z
    .array(
      z.looseObject({
        delta: z.looseObject({ content: z.string().nullish() }).optional(),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
  error: z.looseObject({ code: z.string().nullish() }).nullish(),
});

const lastEvents: readonly (string | undefined)[] = [
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
];

const dataOf = (text: string): string[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((frame) => {
      const data = frame.split('\n').find((line) => line.startsWith('data: '));
      return data === undefined ? [] : [data.slice(6)];
    });

/**
 * What an event stream of either API told, of which the last frame may be torn. Its text counts only
 * when its end was seen: a stream that is broken off promised nothing more. `before` is what was seen
 * of it on an earlier connection.
 */
export const readStream = (text: string, whole: boolean, before = ''): Told => {
  let jobId: string | undefined;
  let status: string | undefined;
  let errorCode: string | undefined;
  let lastSeq: number | undefined;
  let pieces = before;
  let done = false;
  for (const data of dataOf(text)) {
    if (data === '[DONE]') {
      done = true;
      continue;
    }
    const event = eventSchema.parse(JSON.parse(data));
    lastSeq = event.sequence_number ?? lastSeq;
    jobId = event.response?.id ?? event.id ?? jobId;
    if (event.type === 'response.created') pieces = '';
    if (event.type === 'response.output_text.delta') pieces += event.delta ?? '';
    if (lastEvents.includes(event.type)) status = event.response?.status;
    const [choice] = event.choices ?? [];
    pieces += choice?.delta?.content ?? '';
    if (choice?.finish_reason != null) {
      status = choice.finish_reason === 'stop' ? 'completed' : 'incomplete';
    }
    errorCode = event.error?.code ?? errorCode;
  }
  const isChat = jobId?.startsWith('chatcmpl_') ?? false;
  // A chat stream may have told its finish reason before the job failed.
  if (isChat && errorCode !== undefined) status = 'failed';
  const end = whole && (!isChat || done) ? status : undefined;
  return {
    pieces,
    ...(jobId === undefined ? {} : { jobId }),
    ...(end === undefined ? {} : { status: end }),
    ...(end === 'completed' || end === 'incomplete' ? { streamed: pieces } : {}),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(lastSeq === undefined ? {} : { lastSeq }),
  };
};
