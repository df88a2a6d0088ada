import type { Exchange } from '../exchange.ts';
import { isJsonObject } from '../json.ts';
import { type Parsed, refused, sendJson, sendRefusal } from '../refusal.ts';
import type { ResponseRecord } from './response-record.ts';
import { sendEvents } from './send-events.ts';

/** `GET /v1/responses/{id}`: the object, or with `stream=true` the events after `starting_after`. */
export async function readResponse(
  record: ResponseRecord,
  query: URLSearchParams,
  exchange: Exchange,
): Promise<void> {
  if (query.get('stream') !== 'true') return sendJson(exchange.response, 200, record.document());
  const from = firstEvent(record, query);
  if (from.kind === 'refused') return sendRefusal(exchange.response, from.refusal);
  await sendEvents(record, { from: from.value, fault: null }, exchange);
}

/** OpenAI streams only what was made in the background, and with a stream from the start. */
function firstEvent({ request }: ResponseRecord, query: URLSearchParams): Parsed<number> {
  for (const mode of ['background', 'stream'] as const) {
    if (request[mode]) continue;
    const message = `This response cannot be streamed because it was not created with ${mode}=true.`;
    return refused(message, 'stream', 'invalid_request_error');
  }
  const after = query.get('starting_after');
  if (after === null) return { kind: 'parsed', value: 0 };
  if (/^\d{1,15}$/.test(after)) return { kind: 'parsed', value: Number(after) + 1 };
  return refused("Invalid 'starting_after': must be a whole number.", 'starting_after');
}

/** `GET /v1/responses/{id}/input_items`: newest first unless asked otherwise. */
export function listInputItems(
  { request }: ResponseRecord,
  query: URLSearchParams,
  { response }: Exchange,
): void {
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    const { refusal } = refused("Invalid 'limit': must be from 1 to 100.", 'limit');
    sendRefusal(response, refusal);
    return;
  }
  const { items } = request.input;
  const ordered = query.get('order') === 'asc' ? items : items.toReversed();
  const after = query.get('after');
  const start = after === null ? 0 : ordered.findIndex((item) => item['id'] === after) + 1;
  const data = ordered.slice(start, start + limit);
  const idOf = (item: unknown) => (isJsonObject(item) ? item['id'] : null);
  sendJson(response, 200, {
    object: 'list',
    data,
    first_id: idOf(data.at(0)),
    last_id: idOf(data.at(-1)),
    has_more: start + limit < ordered.length,
  });
}
