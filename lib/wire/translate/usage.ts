import type { Usage } from '../../job/job.ts';
import { isJsonObject } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

const countIn = (details: unknown, field: string): number | undefined => {
  const value = isJsonObject(details) ? details[field] : undefined;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
};

/** Token counts of a chat completion as a response tells them. DeepSeek counts cache hits apart. */
export const responseUsage = (usage: Usage, told: unknown): JsonObject => {
  const prompt = isJsonObject(told) ? told['prompt_tokens_details'] : undefined;
  const completion = isJsonObject(told) ? told['completion_tokens_details'] : undefined;
  const cached_tokens =
    countIn(prompt, 'cached_tokens') ?? countIn(told, 'prompt_cache_hit_tokens') ?? 0;
  const cache_write_tokens = countIn(prompt, 'cache_write_tokens');
  return {
    input_tokens: usage.input_tokens,
    input_tokens_details: {
      cached_tokens,
      ...(cache_write_tokens === undefined ? {} : { cache_write_tokens }),
    },
    output_tokens: usage.output_tokens,
    output_tokens_details: { reasoning_tokens: countIn(completion, 'reasoning_tokens') ?? 0 },
    total_tokens: usage.total_tokens,
  };
};
