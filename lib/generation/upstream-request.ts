import type { UpstreamRequest } from '../ports.ts';
import type { GenerateRequest } from '../wire/generate-request.ts';

/** What a request of the `generate` API asks of the upstream, under the job's model. */
export const upstreamRequest = (request: GenerateRequest, model: string): UpstreamRequest => ({
  model,
  messages: request.messages,
  maxOutputTokens: request.maxOutputTokens,
  temperature: request.temperature,
});
