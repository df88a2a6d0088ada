import { Fault } from '../../errors.ts';
import { type CallbackRequest, toCallback } from '../callback-request.ts';
import { checkJsonTree } from '../json-tree.ts';
import type { JsonObject } from '../production.ts';
import { schemaFault } from '../schema-fault.ts';
import { checkItem } from './item-schema.ts';
import { checkReferences } from './references.ts';
import { bodySchema, type ResponsesBody } from './request-schema.ts';

/** What a client asks of `POST /v1/responses`. */
export type ResponsesRequest = {
  readonly model?: string;
  /** A text is one message of the user. Empty when only `previous_response_id` is given. */
  readonly input: readonly JsonObject[];
  readonly stream: boolean;
  readonly background: boolean;
  /** Whether anything of it is kept past the answer. */
  readonly store: boolean;
  readonly previousResponseId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly maxOutputTokens?: number;
  /** Kept with the job, not with the request. */
  readonly callback?: CallbackRequest;
  /**
   * The body as it came, unknown fields included and without `callback`; this is also what is stored.
   */
  readonly body: JsonObject & ResponsesBody;
};

const fault = (param: string, why: string): Fault =>
  new Fault('invalid_value', `Invalid '${param}': ${why}.`, { param });

const inputItems = (body: ResponsesBody): readonly JsonObject[] => {
  const { input, previous_response_id } = body;
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  const items: readonly JsonObject[] = input ?? [];
  if (items.length > 0 || previous_response_id || body['prompt'] || body['conversation']) {
    return items;
  }
  throw new Fault(
    'missing_required_parameter',
    "Missing required parameter: 'input' (a string or an array of at least one item).",
    { param: 'input' },
  );
};

const checkModes = ({ background, store, stream, stream_options }: ResponsesBody): void => {
  if (background === true && store === false) {
    throw fault('background', "what runs in the background is stored, and 'store' is false");
  }
  if (stream_options != null && stream !== true) {
    throw fault('stream_options', "it is only allowed together with 'stream': true");
  }
};

/**
 * The body of `POST /v1/responses`, from a client or as stored. Checks the kinds of the fields that
 * are acted on and leaves the rest to the upstream. `references` to objects in the upstream's account
 * are refused unless the tenant may use them. Throws Faults `invalid_value` and
 * `missing_required_parameter` that name the field.
 */
export const parseResponsesRequest = (
  body: unknown,
  references: 'refused' | 'allowed' = 'refused',
): ResponsesRequest => {
  checkJsonTree(body);
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw schemaFault(parsed.error, body);
  const { callback, ...data } = parsed.data;
  checkModes(data);
  if (references === 'refused') checkReferences(data);
  const input = inputItems(data);
  for (const [index, item] of input.entries()) checkItem(item, ['input', index]);
  const { model, metadata, max_output_tokens, previous_response_id } = data;
  return {
    ...(model == null ? {} : { model }),
    input,
    stream: data.stream ?? false,
    background: data.background ?? false,
    store: data.store ?? true,
    ...(previous_response_id == null ? {} : { previousResponseId: previous_response_id }),
    ...(metadata == null ? {} : { metadata }),
    ...(max_output_tokens == null ? {} : { maxOutputTokens: max_output_tokens }),
    ...(callback == null ? {} : { callback: toCallback(callback) }),
    body: data,
  };
};
