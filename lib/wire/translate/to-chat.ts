import type { JsonObject, UpstreamCall } from '../production.ts';
import type { ResponsesRequest } from '../responses/request.ts';
import { chatMessages } from './messages.ts';
import { chatSettings } from './settings.ts';
import { chatTools } from './tools.ts';

export type ToChatOptions = {
  readonly model: string;
  /** The conversation before this request, from `expandPrevious`. */
  readonly earlier?: readonly JsonObject[];
};

/**
 * A Responses request as chat completions, always streamed and with its usage. The token limit is
 * called `max_completion_tokens`; a server that knows it by another name is the adapter's business.
 * Throws Fault `invalid_value` (code `unsupported_parameter`) naming what cannot be translated.
 */
export const toChat = (
  request: ResponsesRequest,
  { model, earlier = [] }: ToChatOptions,
): UpstreamCall => {
  const { body, input } = request;
  const messages = chatMessages(body.instructions ?? undefined, [
    // What cannot be told of an earlier turn is the fault of having named it.
    ...earlier.map((item) => ({ item, path: ['previous_response_id'] })),
    ...input.map((item, index) => ({ item, path: ['input', index] })),
  ]);
  return {
    protocol: 'chat',
    body: {
      ...chatSettings(body),
      ...chatTools(body),
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    },
  };
};
