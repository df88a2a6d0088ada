import type { Call, Output, Piece } from '../output.ts';

/** Why a chat completion ended. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** What every chunk of one chat completion repeats. */
export interface ChatIdentity {
  readonly id: string;
  readonly model: string;
  readonly createdSeconds: number;
  readonly includeUsage: boolean;
}

/** The `usage` object of chat completions. */
export function chatUsage(promptTokens: number, completionTokens: number, reasoningTokens: number) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
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
  output: Output,
  finishReason: FinishReason,
  usage: Usage,
) {
  return {
    id: identity.id,
    object: 'chat.completion',
    created: identity.createdSeconds,
    model: identity.model,
    choices: [
      { index: 0, message: messageOf(output), logprobs: null, finish_reason: finishReason },
    ],
    usage,
    service_tier: 'default',
    system_fingerprint: null,
  };
}

/** The message that all of the output makes. */
function messageOf({ calls, pieces }: Output) {
  const textOf = (kind: Piece['kind']) =>
    pieces.map((piece) => (piece.kind === kind ? piece.text : '')).join('');
  const reasoning = textOf('reasoning');
  const begun = calls.flatMap(({ id, name }, index) => {
    const own = pieces.filter((piece) => piece.kind === 'call' && piece.call === index);
    const written = own.map(({ text }) => text).join('');
    return own.length === 0
      ? []
      : [{ id, type: 'function', function: { name, arguments: written } }];
  });
  return {
    role: 'assistant',
    content: begun.length > 0 ? null : textOf('text'),
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(begun.length > 0 && { tool_calls: begun }),
    refusal: null,
    annotations: [],
  };
}

/** The first frame of a stream: the role and no text. */
export function roleFrame(identity: ChatIdentity, { calls }: Output): string {
  const content = calls.length > 0 ? null : '';
  return choiceFrame(identity, { role: 'assistant', content, refusal: null }, null);
}

/** The frames of one token; the first of a call is announced by a frame with the call's name. */
export function pieceFrames(identity: ChatIdentity, piece: Piece, call: Call | null): string[] {
  switch (piece.kind) {
    case 'text':
      return [choiceFrame(identity, { content: piece.text }, null)];
    case 'reasoning':
      // DeepSeek's name for it, which most servers of reasoning models took over.
      return [choiceFrame(identity, { reasoning_content: piece.text }, null)];
    case 'call': {
      const frameOf = (fields: object) =>
        choiceFrame(identity, { tool_calls: [{ index: piece.call, ...fields }] }, null);
      const opening = call && {
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: '' },
      };
      const written = frameOf({ function: { arguments: piece.text } });
      return opening ? [frameOf(opening), written] : [written];
    }
  }
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
