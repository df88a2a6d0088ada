import { openaiUpstream } from '../adapters/openai-upstream.ts';
import { secret } from '../adapters/secrets.ts';
import type { Settings } from '../config.ts';
import type { Clock, Upstream } from '../ports.ts';

export const upstreamNames = [
  'OPENAI_API_KEY',
  'OPENAI_API_KEY_PARAMETER',
  'OPENAI_BASE_URL',
  'OPENAI_MODEL',
] as const;

/** The upstream of the `OPENAI_*` settings; in the ledger it has its host's name. */
export const composeUpstream = (
  settings: Settings<(typeof upstreamNames)[number]>,
  clock: Clock,
): Upstream => {
  const baseUrl = settings.OPENAI_BASE_URL;
  return openaiUpstream({
    name: baseUrl === undefined ? 'api.openai.com' : new URL(baseUrl).host,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    apiKey: secret(settings.OPENAI_API_KEY, settings.OPENAI_API_KEY_PARAMETER, clock),
    defaultModel: settings.OPENAI_MODEL,
    clock,
  });
};
