import { isEnded, type Job, type Usage } from '../../job/job.ts';
import { shownStatus } from '../../job/park.ts';
import { toEpochSeconds } from '../../job/time.ts';
import { isJsonObject, objectsOf, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import type { ResponsesRequest } from './request.ts';

/** What the job's record does not hold. */
export type ResourceParts = {
  /** The final object that the upstream, or the translation of what it said, left behind. */
  readonly final?: unknown;
  /** The output so far, where there is no final object. */
  readonly output?: readonly unknown[];
};

/**
 * The fields that are ours to say whatever the upstream says: it knows neither our ids nor the
 * conversation that was put before the input.
 */
export const ownFields = (job: Job, request: ResponsesRequest) => ({
  id: job.id,
  object: 'response' as const,
  created_at: toEpochSeconds(job.createdAtMs),
  background: request.background,
  store: request.store,
  previous_response_id: request.previousResponseId ?? null,
  metadata: job.metadata ?? {},
});

const functionTool = (tool: JsonObject): JsonObject =>
  tool['type'] === 'function'
    ? { description: null, parameters: null, strict: null, ...tool }
    : tool;

/** The settings as they were asked for, with OpenAI's defaults for those that were not. */
const settings = ({ body }: ResponsesRequest) => ({
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  max_tool_calls: body.max_tool_calls ?? null,
  parallel_tool_calls: body.parallel_tool_calls ?? true,
  tools: objectsOf(body.tools).map(functionTool),
  tool_choice: body.tool_choice ?? 'auto',
  text: { ...body.text, format: body.text?.format ?? { type: 'text' } },
  reasoning: { effort: null, summary: null, ...body.reasoning },
  temperature: body.temperature ?? 1,
  top_p: body.top_p ?? 1,
  presence_penalty: body.presence_penalty ?? 0,
  frequency_penalty: body.frequency_penalty ?? 0,
  top_logprobs: body.top_logprobs ?? 0,
  truncation: body.truncation ?? 'disabled',
  service_tier: body.service_tier ?? 'default',
  user: body.user ?? null,
  safety_identifier: body.safety_identifier ?? null,
  prompt_cache_key: body.prompt_cache_key ?? null,
});

/** Token counts in the shape of a response object. */
export const withDetails = (usage: Usage) => ({
  input_tokens: usage.input_tokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: usage.output_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: usage.total_tokens,
});

const usageOf = (final: JsonObject, job: Job) => {
  const { usage } = final;
  if (isJsonObject(usage)) {
    return {
      ...usage,
      input_tokens_details: usage['input_tokens_details'] ?? { cached_tokens: 0 },
      output_tokens_details: usage['output_tokens_details'] ?? { reasoning_tokens: 0 },
    };
  }
  return isEnded(job) && job.usage !== undefined ? withDetails(job.usage) : null;
};

const errorOf = (final: JsonObject, job: Job) => {
  if (job.status !== 'failed') return null;
  if (isJsonObject(final['error'])) return final['error'];
  return job.error === undefined
    ? { code: 'server_error', message: 'The generation failed.' }
    : { code: job.error.code, message: job.error.message };
};

const incompleteOf = (final: JsonObject, job: Job) => {
  if (job.status !== 'incomplete') return null;
  return isJsonObject(final['incomplete_details'])
    ? final['incomplete_details']
    : { reason: 'max_output_tokens' };
};

const modelOf = (final: JsonObject, job: Job): string =>
  (isEnded(job) ? (job.answeredBy ?? stringOf(final['model'])) : undefined) ?? job.model;

const ending = (final: JsonObject, job: Job) => ({
  status: shownStatus(job),
  /** OpenAI sets it on completed responses alone. */
  completed_at: isEnded(job) && job.status === 'completed' ? toEpochSeconds(job.endedAtMs) : null,
  error: errorOf(final, job),
  incomplete_details: incompleteOf(final, job),
  usage: usageOf(final, job),
});

/** What every response object has, should the upstream's leave it out. */
export const resourceDefaults = (job: Job, request: ResponsesRequest) => ({
  ...settings(request),
  model: job.model,
  status: 'in_progress',
  completed_at: null,
  error: null,
  incomplete_details: null,
  output: [],
  usage: null,
});

/** The settings that the final object does not tell. */
const untold = (request: ResponsesRequest, final: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(settings(request)).filter(([name]) => (final[name] ?? null) === null),
  );

/**
 * The response object of a job in any state. Every field of the Open Responses `ResponseResource`
 * is there; what an upstream added to its final object stays. Times are seconds since the epoch.
 */
export const responseResource = (
  job: Job,
  request: ResponsesRequest,
  parts: ResourceParts = {},
) => {
  const final: JsonObject = isJsonObject(parts.final) ? parts.final : {};
  const own = { ...ownFields(job, request), ...ending(final, job), model: modelOf(final, job) };
  return {
    // First for their place among the fields, last for their say.
    ...own,
    ...final,
    ...untold(request, final),
    output: Array.isArray(final['output']) ? final['output'] : (parts.output ?? []),
    ...own,
  };
};

/** In any state. */
export type ResponseResource = ReturnType<typeof responseResource>;
