import type { Usage } from '../job/job.ts';
import type { Clock, FinishReason, Upstream, UpstreamEvent, UpstreamRequest } from '../ports.ts';
import { readChunk } from './openai-chunk.ts';
import { cut } from './openai-faults.ts';
import { openaiServer } from './openai-server.ts';
import type { SilenceLimits } from './openai-silence.ts';

export type OpenaiUpstreamOptions = {
  readonly name: string;
  /** OpenAI's own when absent. */
  readonly baseUrl?: string;
  /** Asked for at each generation; undefined for servers that need none. */
  readonly apiKey: () => Promise<string | undefined>;
  readonly defaultModel: string;
  readonly clock: Clock;
} & Partial<SilenceLimits>;

const bodyOf = (request: UpstreamRequest) => ({
  model: request.model,
  messages: request.messages,
  ...(request.maxOutputTokens === undefined ? {} : { max_tokens: request.maxOutputTokens }),
  ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
});

/** A server of OpenAI's chat completions API, of which only the text of the first choice is read. */
export const openaiUpstream = (options: OpenaiUpstreamOptions): Upstream => {
  const server = openaiServer({ ...options, protocol: 'chat', background: 'never' });

  async function* generate(
    request: UpstreamRequest,
    signal: AbortSignal,
  ): AsyncGenerator<UpstreamEvent> {
    let started = false;
    let finish: FinishReason | undefined;
    let usage: Usage | undefined;
    const call = { protocol: 'chat', body: bodyOf(request) } as const;
    for await (const event of server.open(call, signal)) {
      const chunk = readChunk(event);
      if (!started) {
        started = true;
        yield { kind: 'started', model: chunk.model ?? request.model };
      }
      if (chunk.text !== '') yield { kind: 'text', text: chunk.text };
      finish ??= chunk.finish;
      usage = chunk.usage ?? usage;
    }
    if (finish === undefined) throw cut(undefined);
    yield { kind: 'finished', reason: finish, usage };
  }

  return { name: options.name, defaultModel: options.defaultModel, generate };
};
