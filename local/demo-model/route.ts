import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { completeChat } from './chat/complete-chat.ts';
import { parseControls } from './controls.ts';
import type { DemoState } from './exchange.ts';
import { serverError } from './faults.ts';
import { modelDocument, modelList } from './models.ts';
import { type Refusal, refusal, sendJson, sendRefusal } from './refusal.ts';
import { readJsonBody } from './request-body.ts';
import { createResponse } from './responses/create-response.ts';
import { answerStored, findResponseRoute } from './responses/route-responses.ts';

const creators: Readonly<Record<string, typeof completeChat>> = {
  'POST /v1/chat/completions': completeChat,
  'POST /v1/responses': createResponse,
};

/** Answers one request, whatever it is; never throws. */
export async function route(
  state: DemoState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const arrivedAtMs = performance.now();
  const closed = new AbortController();
  response.on('close', () => closed.abort());
  response.on('error', () => closed.abort());
  response.setHeader('x-request-id', `req_${randomUUID().replaceAll('-', '')}`);
  try {
    await answer(state, request, response, closed.signal, arrivedAtMs);
  } catch {
    if (response.headersSent || closed.signal.aborted) response.destroy();
    else sendRefusal(response, serverError(500, 'The demo model had an error.'));
  }
}

async function answer(
  state: DemoState,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  arrivedAtMs: number,
): Promise<void> {
  const method = request.method ?? '';
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const target = `${method} ${path}`;
  if (target === 'GET /_demo/generations')
    return sendJson(response, 200, state.generations.entries());
  if (target === 'POST /_demo/reset') {
    state.generations.reset();
    state.faultTurns.reset();
    state.responses.reset();
    response.writeHead(204).end();
    return;
  }
  const unauthorized = path.startsWith('/v1/') ? checkKey(request) : null;
  if (unauthorized) return sendRefusal(response, unauthorized);
  if (target === 'GET /v1/models') return sendJson(response, 200, modelList());
  const model = method === 'GET' ? modelIn(path) : null;
  if (model !== null) {
    const parsed = parseControls(model);
    if (parsed.kind === 'refused') return sendRefusal(response, parsed.refusal);
    return sendJson(response, 200, modelDocument(model));
  }
  const create = creators[target];
  if (create) {
    const body = await readJsonBody(request);
    if (body.kind === 'refused') return sendRefusal(response, body.refusal);
    return create(state, { body: body.value, response, signal, arrivedAtMs });
  }
  const stored = findResponseRoute(method, request.url ?? '');
  if (stored) return answerStored(state, stored, { body: null, response, signal, arrivedAtMs });
  sendRefusal(response, unknownUrl(method, path));
}

function checkKey(request: IncomingMessage): Refusal | null {
  const key = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (key === undefined) {
    return refusal(401, 'No API key: send it as "Authorization: Bearer KEY"; the demo takes any.');
  }
  if (key !== 'bad-key') return null;
  return refusal(401, 'Incorrect API key provided: bad-key.', { code: 'invalid_api_key' });
}

function modelIn(path: string): string | null {
  const encoded = /^\/v1\/models\/([^/]+)$/.exec(path)?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function unknownUrl(method: string, path: string): Refusal {
  return refusal(404, `Invalid URL (${method} ${path.slice(0, 200)})`, { code: 'unknown_url' });
}
