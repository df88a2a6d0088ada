import { isJsonObject } from '../json.ts';
import type { ResponsesRequest } from './responses-request.ts';

export type ResponseStatus =
  | 'queued'
  | 'in_progress'
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'cancelled';

/** What changes of a response while it lives. */
export interface ResponseState {
  readonly status: ResponseStatus;
  readonly output: readonly object[];
  readonly completedSeconds: number | null;
  readonly incompleteReason: 'max_output_tokens' | 'content_filter' | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: object | null;
}

interface Named {
  readonly id: string;
  readonly createdSeconds: number;
  readonly request: ResponsesRequest;
}

/** The response object as OpenAI sends it: every field, the request's settings repeated in it. */
export function responseDocument({ id, createdSeconds, request }: Named, state: ResponseState) {
  const { body } = request;
  const set = (field: string, unset: unknown) => body[field] ?? unset;
  const reasoning = isJsonObject(body['reasoning']) ? body['reasoning'] : {};
  const text = isJsonObject(body['text']) ? body['text'] : {};
  return {
    id,
    object: 'response',
    created_at: createdSeconds,
    status: state.status,
    background: request.background,
    billing: { payer: 'developer' },
    completed_at: state.completedSeconds,
    error: state.error,
    frequency_penalty: set('frequency_penalty', 0),
    incomplete_details: state.incompleteReason && { reason: state.incompleteReason },
    instructions: set('instructions', null),
    max_output_tokens: set('max_output_tokens', null),
    max_tool_calls: set('max_tool_calls', null),
    model: request.model,
    output: state.output,
    parallel_tool_calls: set('parallel_tool_calls', true),
    presence_penalty: set('presence_penalty', 0),
    previous_response_id: set('previous_response_id', null),
    prompt_cache_key: set('prompt_cache_key', null),
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    safety_identifier: set('safety_identifier', null),
    service_tier: 'default',
    store: request.store,
    temperature: set('temperature', 1),
    text: { ...text, format: text['format'] ?? { type: 'text' } },
    tool_choice: set('tool_choice', 'auto'),
    tools: toolsOf(body['tools']),
    top_logprobs: set('top_logprobs', 0),
    top_p: set('top_p', 1),
    truncation: set('truncation', 'disabled'),
    usage: state.usage,
    user: set('user', null),
    metadata: set('metadata', {}),
  };
}

/** Functions come back with every field; `strict` is on unless it was turned off. */
function toolsOf(tools: unknown): unknown[] {
  if (!Array.isArray(tools)) return [];
  return tools.map((tool) =>
    isJsonObject(tool) && tool['type'] === 'function'
      ? { description: null, parameters: null, ...tool, strict: tool['strict'] ?? true }
      : tool,
  );
}

/** The `usage` object of the Responses API. */
export function responseUsage(inputTokens: number, outputTokens: number, reasoningTokens: number) {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}
