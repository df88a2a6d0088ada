import type { Settings } from './settings.ts';

/** Which model server the functions are to call. */
export type Upstream =
  | { kind: 'demo' }
  | {
      kind: 'given';
      baseUrl: string | undefined;
      apiKeyGiven: boolean;
      /** Of requests that name none, if the user chose one. */
      model: string | undefined;
    };

/** The demo model when the user named neither a key nor a server. */
export function chooseUpstream(settings: Settings): Upstream {
  const { openaiApiKey, openaiBaseUrl, openaiModel: model } = settings;
  if (openaiApiKey === undefined && openaiBaseUrl === undefined) return { kind: 'demo' };
  return { kind: 'given', baseUrl: openaiBaseUrl, apiKeyGiven: openaiApiKey !== undefined, model };
}

/** What the functions are told of the demo model that listens at `baseUrl`. */
export function demoDefaults(baseUrl: string): Record<string, string> {
  return { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: 'demo', OPENAI_MODEL: 'demo' };
}

/** The lines that say which model answers, and how to use another. */
export function describeUpstream(upstream: Upstream): string[] {
  if (upstream.kind === 'demo') {
    return [
      'Model: the built-in demo model, which makes up its text. To use a real one, start with',
      '  OPENAI_API_KEY=sk-... npm start, or for any compatible server with',
      '  OPENAI_BASE_URL=http://... OPENAI_MODEL=its-model npm start',
    ];
  }
  const server = upstream.baseUrl ?? 'OpenAI (https://api.openai.com/v1)';
  return [
    `Model: ${server}${upstream.apiKeyGiven ? '' : ', without an API key'}`,
    `  Requests that name no model get ${upstream.model ?? 'the default one; set OPENAI_MODEL to choose it'}.`,
  ];
}
