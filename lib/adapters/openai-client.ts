import type { OpenAI } from 'openai';
import type { Clock } from '../ports/system.ts';
import { openaiTransport } from './openai-transport.ts';

export type OpenaiSdk = typeof import('openai');

const openaiBaseUrl = 'https://api.openai.com/v1';
/** Servers that need no key ignore this one, and the SDK refuses to be without. */
const placeholderKey = 'none';
/** The adapter's time-outs are shorter; a timer of Node's holds at most 24.8 days. */
const sdkTimeoutMs = 24 * 60 * 60_000;

/**
 * The SDK's error of a refused request, with the whole body in `error`: the SDK itself keeps only
 * the member `error`, and servers that put their message elsewhere would be left without one.
 */
const clientClass = (sdk: OpenaiSdk) =>
  class extends sdk.OpenAI {
    protected override makeStatusError(
      status: number,
      body: object,
      message: string | undefined,
      headers: Headers,
    ) {
      return new sdk.APIError(status, body, message, headers);
    }
  };

export type OpenaiConnection = { readonly sdk: OpenaiSdk; readonly client: OpenAI };

/**
 * The client for a key, made when first asked for; the SDK is loaded then. All clients share their
 * connections. Nothing is read from the environment but OPENAI_CUSTOM_HEADERS, which the SDK adds.
 */
export const openaiClients = (options: { readonly baseUrl?: string; readonly clock: Clock }) => {
  const fetch = openaiTransport(options.clock);
  let latest: (OpenaiConnection & { readonly key: string }) | undefined;
  return async (givenKey: string | undefined): Promise<OpenaiConnection> => {
    const key = givenKey || placeholderKey;
    if (latest?.key === key) return latest;
    const sdk = await import('openai');
    const client = new (clientClass(sdk))({
      apiKey: key,
      baseURL: options.baseUrl ?? openaiBaseUrl,
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      maxRetries: 0,
      timeout: sdkTimeoutMs,
      // It would print parts of events that it cannot parse.
      logLevel: 'off',
      defaultHeaders: { 'user-agent': 'Outlast' },
      fetch,
    });
    latest = { key, sdk, client };
    return latest;
  };
};
