import type { DemoState, Exchange } from '../exchange.ts';
import { refusal, sendJson, sendRefusal } from '../refusal.ts';
import { listInputItems, readResponse } from './read-response.ts';
import type { ResponseRecord } from './response-record.ts';

const routes = {
  'GET ': 'read',
  'DELETE ': 'delete',
  'POST cancel': 'cancel',
  'GET input_items': 'list',
} as const;

type Action = (typeof routes)[keyof typeof routes];

/** One of the routes below `/v1/responses/{id}`. */
export interface ResponseRoute {
  readonly action: Action;
  readonly id: string;
  readonly query: URLSearchParams;
}

/** The route of a method and URL; null when it is none of a stored response. */
export function findResponseRoute(method: string, url: string): ResponseRoute | null {
  const [path = '', search = ''] = url.split('?', 2);
  const [, id, rest = ''] = /^\/v1\/responses\/([\w-]+)(?:\/(\w+))?$/.exec(path) ?? [];
  const target = `${method} ${rest}`;
  if (id === undefined) return null;
  for (const [known, action] of Object.entries(routes)) {
    if (known === target) return { action, id, query: new URLSearchParams(search) };
  }
  return null;
}

/** Answers a request for a stored response; 404 when there is none of that id. */
export async function answerStored(
  state: DemoState,
  { action, id, query }: ResponseRoute,
  exchange: Exchange,
): Promise<void> {
  const { response } = exchange;
  const record = state.responses.find(id);
  if (!record) {
    return sendRefusal(response, refusal(404, `Response with id '${id.slice(0, 100)}' not found.`));
  }
  switch (action) {
    case 'read':
      return readResponse(record, query, exchange);
    case 'list':
      return listInputItems(record, query, exchange);
    case 'cancel':
      return cancel(record, exchange);
    case 'delete':
      record.stop('deleted');
      state.responses.drop(id);
      return sendJson(response, 200, { id, object: 'response', deleted: true });
  }
}

/** Cancels what still runs; what has ended is answered as it is. */
function cancel(record: ResponseRecord, { response }: Exchange): void {
  if (!record.request.background) {
    sendRefusal(response, refusal(400, 'Cannot cancel a synchronous response.'));
    return;
  }
  record.stop('cancelled');
  sendJson(response, 200, record.document());
}
