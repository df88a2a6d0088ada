import * as z from 'zod';
import type { Exchanged } from './exchange.ts';
import { readStream } from './stream.ts';
import type { Told } from './told.ts';

const outputSchema = z.array(
  z.looseObject({
    content: z
      .array(z.looseObject({ type: z.string(), text: z.string().optional() }))
      .optional()
      .catch(undefined),
  }),
);

const documentSchema = z.looseObject({
  id: z.string().optional(),
  status: z.string().optional().catch(undefined),
  text: z.string().nullish().catch(undefined),
  result_url: z.string().optional(),
  output: outputSchema.optional().catch(undefined),
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({ content: z.string().nullish() }).optional(),
      }),
    )
    .optional()
    .catch(undefined),
  error: z.looseObject({ code: z.string().nullish() }).nullish().catch(undefined),
});

const ended: readonly (string | undefined)[] = ['completed', 'incomplete'];

/** The text of a response object's output. */
export const outputText = (output: z.infer<typeof outputSchema>): string =>
  output
    .flatMap(({ content }) => content ?? [])
    .map(({ type, text }) => (type === 'output_text' ? (text ?? '') : ''))
    .join('');

/** A generation, response, chat completion, job or error. */
export const readDocument = (value: unknown): Told => {
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) return {};
  const { id, status: told, text, result_url, output, choices, error } = parsed.data;
  const [choice] = choices ?? [];
  const ofReason = choice?.finish_reason === 'stop' ? 'completed' : 'incomplete';
  const status = told ?? (choice?.finish_reason == null ? undefined : ofReason);
  const whole = text ?? choice?.message?.content ?? (output && outputText(output));
  return {
    ...(id === undefined ? {} : { jobId: id }),
    ...(status === undefined ? {} : { status }),
    ...(typeof whole === 'string' && ended.includes(status) ? { text: whole } : {}),
    ...(result_url === undefined ? {} : { resultUrl: result_url }),
    ...(error?.code == null ? {} : { errorCode: error.code }),
  };
};

const located = (location: string | undefined): Told => {
  const jobId = /\/(?:results|responses)\/([^/?]+)/.exec(location ?? '')?.[1];
  if (jobId === undefined || location === undefined) return {};
  return { jobId, ...(location.includes('/results/') ? { resultUrl: location } : {}) };
};

/** What the answer to a submission or a read told; a broken answer tells what came of it. */
export const readAnswer = (
  { httpStatus, headers, text, broken }: Exchanged,
  piecesBefore = '',
): Told => {
  const at = located(headers.location);
  if (headers['content-type']?.startsWith('text/event-stream')) {
    return { ...at, ...readStream(text, broken === undefined, piecesBefore) };
  }
  if (broken !== undefined) return at;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return at;
  }
  const told = readDocument(document);
  // A job that failed while its client waited is told as an HTTP error that says where the job is.
  const failed = (httpStatus ?? 0) >= 400 && at.jobId !== undefined;
  return { ...told, ...at, ...(failed ? { status: 'failed' } : {}) };
};
