/** Why a chat completion ended. */
export type FinishReason = 'stop' | 'length' | 'content_filter';

/** What every chunk of one chat completion repeats. */
export interface ChatIdentity {
  readonly id: string;
  readonly model: string;
  readonly createdSeconds: number;
  readonly includeUsage: boolean;
}

/** The `usage` object of chat completions. */
export function chatUsage(promptTokens: number, completionTokens: number) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

type Usage = ReturnType<typeof chatUsage>;

/** The whole `chat.completion` object of an answer that is not streamed. */
export function chatCompletion(
  identity: ChatIdentity,
  content: string,
  finishReason: FinishReason,
  usage: Usage,
) {
  const message = { role: 'assistant', content, refusal: null, annotations: [] };
  return {
    id: identity.id,
    object: 'chat.completion',
    created: identity.createdSeconds,
    model: identity.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage,
    service_tier: 'default',
    system_fingerprint: null,
  };
}

/** The first frame of a stream: the role and no text. */
export function roleFrame(identity: ChatIdentity): string {
  return choiceFrame(identity, { role: 'assistant', content: '', refusal: null }, null);
}

/** One token. */
export function contentFrame(identity: ChatIdentity, content: string): string {
  return choiceFrame(identity, { content }, null);
}

export function finishFrame(identity: ChatIdentity, finishReason: FinishReason): string {
  return choiceFrame(identity, {}, finishReason);
}

/** The last frame before `[DONE]` when the request asked for usage: no choices. */
export function usageFrame(identity: ChatIdentity, usage: Usage): string {
  return frame({ ...chunk(identity), choices: [], usage });
}

/** An error in the midst of a stream. */
export function errorFrame(message: string): string {
  return frame({ error: { message, type: 'server_error', param: null, code: null } });
}

/** The end of a stream. */
export const doneFrame = 'data: [DONE]\n\n';

function choiceFrame(identity: ChatIdentity, delta: object, finishReason: FinishReason | null) {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  return frame({ ...chunk(identity), choices, ...(identity.includeUsage && { usage: null }) });
}

function chunk(identity: ChatIdentity) {
  return {
    id: identity.id,
    object: 'chat.completion.chunk',
    created: identity.createdSeconds,
    model: identity.model,
    service_tier: 'default',
    system_fingerprint: null,
  };
}

function frame(document: object): string {
  return `data: ${JSON.stringify(document)}\n\n`;
}
