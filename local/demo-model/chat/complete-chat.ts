import { randomBytes } from 'node:crypto';
import { begin } from '../begin.ts';
import type { DemoState, Exchange } from '../exchange.ts';
import { failEarly } from '../fail-early.ts';
import { sendRefusal } from '../refusal.ts';
import { answerChat } from './answer-chat.ts';
import { parseChatRequest } from './chat-request.ts';
import { streamChat } from './stream-chat.ts';

/** `POST /v1/chat/completions`; resolves when the answer ended or the client left. */
export async function completeChat(state: DemoState, exchange: Exchange): Promise<void> {
  const parsed = parseChatRequest(exchange.body);
  if (parsed.kind === 'refused') return sendRefusal(exchange.response, parsed.refusal);
  const request = parsed.value;
  const id = `chatcmpl-${randomBytes(15).toString('base64url')}`;
  const begun = begin(state, {
    ...request,
    id,
    protocol: 'chat',
    background: false,
    arrivedAtMs: exchange.arrivedAtMs,
  });
  if (begun.kind === 'refused') return sendRefusal(exchange.response, begun.refusal);
  const run = begun.value;
  try {
    if (await failEarly(run, exchange)) return;
    const createdSeconds = Math.floor(Date.now() / 1_000);
    const chat = { ...request, id, createdSeconds };
    await (request.stream ? streamChat : answerChat)(chat, run, exchange);
  } finally {
    run.generation.close('client_gone');
  }
}
