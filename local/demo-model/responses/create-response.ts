import { begin } from '../begin.ts';
import type { DemoState, Exchange } from '../exchange.ts';
import { failEarly } from '../fail-early.ts';
import { sendJson, sendRefusal } from '../refusal.ts';
import { answerResponse } from './answer-response.ts';
import { newItemId } from './item-id.ts';
import { produce } from './produce.ts';
import { ResponseRecord } from './response-record.ts';
import { parseResponsesRequest } from './responses-request.ts';
import { sendEvents } from './send-events.ts';

/** `POST /v1/responses`; resolves when the answer ended or the client left. */
export async function createResponse(state: DemoState, exchange: Exchange): Promise<void> {
  const parsed = parseResponsesRequest(
    exchange.body,
    (earlier) => state.responses.find(earlier)?.conversationTokens ?? null,
  );
  if (parsed.kind === 'refused') return sendRefusal(exchange.response, parsed.refusal);
  const request = parsed.value;
  const id = newItemId('response');
  const { arrivedAtMs } = exchange;
  const begun = begin(state, { ...request, id, protocol: 'responses', arrivedAtMs });
  if (begun.kind === 'refused') return sendRefusal(exchange.response, begun.refusal);
  const run = begun.value;
  const record = new ResponseRecord(id, request, run);
  try {
    if (await failEarly(run, exchange)) return;
    if (request.store) state.responses.keep(record);
    await (request.background ? inBackground : inForeground)(record, exchange);
  } finally {
    if (!request.background) {
      run.generation.close('client_gone');
      if (!record.ended) state.responses.drop(id);
    }
  }
}

/** The generation ends with its connection. */
async function inForeground(record: ResponseRecord, exchange: Exchange): Promise<void> {
  const { fault, generation } = record.run;
  if (fault === 'malformed') generation.mark(fault);
  const produced = produce(record, exchange.signal);
  if (record.request.stream) {
    await Promise.all([produced, sendEvents(record, { from: 0, fault }, exchange)]);
    return;
  }
  await produced;
  if (!exchange.signal.aborted) await answerResponse(record, exchange);
}

/** The generation goes on whatever becomes of its connection. */
async function inBackground(record: ResponseRecord, exchange: Exchange): Promise<void> {
  void produce(record, record.stopped);
  if (!record.request.stream) return sendJson(exchange.response, 200, record.document());
  await sendEvents(record, { from: 0, fault: record.run.fault }, exchange);
}
