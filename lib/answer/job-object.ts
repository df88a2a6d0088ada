import { assertNever } from '../errors.ts';
import { type JobView, type ReadDeps, viewJob } from '../generation/read.ts';
import { isEnded, type Job } from '../job/job.ts';
import { type ChatObject, chatObject } from '../wire/chat/object.ts';
import { parseFinalGeneration } from '../wire/final-generation.ts';
import { type GenerationObject, generationObject } from '../wire/generation-object.ts';
import { estimatedUsage, partialOutput } from '../wire/responses/partial-output.ts';
import {
  type ResponseResource,
  responseResource,
  withDetails,
} from '../wire/responses/resource.ts';
import { parseStored } from '../wire/stored-request.ts';

/** A job in the shape of the API that it came in by. */
export type JobObject = GenerationObject | ResponseResource | ChatObject;

/** The generation object, with its whole text or the output so far. */
export const generationOf = (
  view: JobView,
  resultUrl: string,
  nowMs: ReturnType<ReadDeps['clock']['nowMs']>,
): GenerationObject =>
  generationObject(view.job, {
    resultUrl,
    nowMs,
    ...(view.kind === 'finished'
      ? parseFinalGeneration(view.final)
      : { partialText: view.partialText }),
  });

/** What a response put out that has no final object, and what its ledger says that it cost. */
const unfinishedParts = async (deps: ReadDeps, job: Job, input: unknown) => {
  if (job.attempt === 0) return {};
  const chunks = job.seq === 0 ? [] : await deps.content.readChunks(job);
  const output = partialOutput(chunks.flatMap(({ deltas }) => deltas));
  if (job.status !== 'cancelled') return { output };
  const { usage, usageEstimated: estimated = false } = job.ledger.at(-1) ?? {};
  if (usage !== undefined)
    return { output, final: { usage: { ...withDetails(usage), estimated } } };
  return job.inputTokens === undefined && output.length > 0
    ? { output, final: { usage: estimatedUsage(input, output) } }
    : { output };
};

/** The response object of a job of the responses API, as it is now. */
export const responseOf = async (deps: ReadDeps, job: Job): Promise<ResponseResource> => {
  const stored = parseStored(job.api, await deps.content.getRequest(job));
  if (stored.api !== 'responses') throw new TypeError('The job is of another API.');
  const { request } = stored;
  const parts =
    isEnded(job) && job.final !== undefined
      ? { final: await deps.content.getFinal(job.id, job.final) }
      : await unfinishedParts(deps, job, request.input);
  return responseResource(job, request, parts);
};

/** What a result URL shows of a job, in the shape of its API. */
export const jobObject = async (
  deps: ReadDeps,
  view: JobView,
  resultUrl: string,
): Promise<JobObject> => {
  const { job } = view;
  const nowMs = deps.clock.nowMs();
  switch (job.api) {
    case 'generate':
      return generationOf(view, resultUrl, nowMs);
    case 'responses':
      return responseOf(deps, job);
    case 'chat':
      return chatObject(job, view.kind === 'finished' ? view.final : undefined, resultUrl, nowMs);
    default:
      return assertNever(job.api);
  }
};

/** The same for a job at hand. */
export const jobObjectOf = async (
  deps: ReadDeps,
  job: Job,
  resultUrl: string,
): Promise<JobObject> => jobObject(deps, await viewJob(deps, job), resultUrl);
