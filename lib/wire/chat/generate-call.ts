import type { GenerateRequest } from '../generate-request.ts';
import type { UpstreamCall } from '../production.ts';

/** A request of `POST /generate` as it is put to a chat upstream. */
export const generateToChat = (request: GenerateRequest, model: string): UpstreamCall => {
  const { messages, maxOutputTokens, temperature } = request;
  return {
    protocol: 'chat',
    body: {
      model,
      messages,
      ...(maxOutputTokens === undefined ? {} : { max_completion_tokens: maxOutputTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      stream: true,
      stream_options: { include_usage: true },
    },
  };
};
