import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import { type ChatRequest, parseChatRequest } from './chat/request.ts';
import {
  type GenerateRequest,
  parseGenerateRequest,
  storedGenerateRequest,
} from './generate-request.ts';
import type { JsonObject } from './production.ts';
import { parseResponsesRequest, type ResponsesRequest } from './responses/request.ts';

/** A request of any API, as its job keeps it. */
export type StoredRequest =
  | { readonly api: 'generate'; readonly request: GenerateRequest }
  | {
      readonly api: 'responses';
      readonly request: ResponsesRequest;
      /** The conversation before it, from `previous_response_id`. */
      readonly earlier: readonly JsonObject[];
    }
  | { readonly api: 'chat'; readonly request: ChatRequest };

const responsesSchema = z.object({
  body: z.unknown(),
  earlier: z.array(z.record(z.string(), z.unknown())),
});

/** The JSON that is stored; `parseStored` reads it back unchanged. */
export const toStored = (stored: StoredRequest): unknown => {
  if (stored.api === 'generate') return storedGenerateRequest(stored.request);
  if (stored.api === 'chat') return stored.request.body;
  return { body: stored.request.body, earlier: stored.earlier };
};

/** Throws Fault `item_unreadable`. What was accepted is not judged again. */
export const parseStored = (api: Job['api'], stored: unknown): StoredRequest => {
  try {
    if (api === 'generate') return { api, request: parseGenerateRequest(stored) };
    if (api === 'chat') return { api, request: parseChatRequest(stored, 'allowed') };
    const { body, earlier } = z.parse(responsesSchema, stored);
    return { api, request: parseResponsesRequest(body, 'allowed'), earlier };
  } catch (cause) {
    throw new Fault('item_unreadable', 'The stored request cannot be read.', { cause });
  }
};
