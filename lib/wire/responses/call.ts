import { without } from '../json-object.ts';
import type { JsonObject, UpstreamCall } from '../production.ts';
import { portableItems } from './previous.ts';
import type { ResponsesRequest } from './request.ts';

export type CallOptions = {
  readonly model: string;
  /** The conversation before this request, from `expandPrevious`. */
  readonly earlier?: readonly JsonObject[];
  /** Whether the upstream is to go on without us: background mode, which needs it to store. */
  readonly background: boolean;
};

/** The request as it is put to an upstream of the responses protocol: unknown fields included. */
export const responsesCall = (
  request: ResponsesRequest,
  { model, earlier = [], background }: CallOptions,
): UpstreamCall => {
  const { body } = request;
  const isText = typeof body.input === 'string' && earlier.length === 0;
  return {
    protocol: 'responses',
    body: {
      ...without(body, 'previous_response_id', 'background', 'input'),
      model,
      input: isText ? body.input : [...earlier, ...portableItems(request.input, 'responses')],
      stream: true,
      // Kept there only where it has to be: our own DELETE does not reach it.
      ...(background ? { background: true, store: true } : { store: false }),
    },
  };
};
