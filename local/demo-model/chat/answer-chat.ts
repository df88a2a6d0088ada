import type { Run } from '../begin.ts';
import { dripWriter } from '../body-writer.ts';
import type { Exchange } from '../exchange.ts';
import { hold } from '../fail-early.ts';
import { serverError, tokenFaultIn } from '../faults.ts';
import { countReasoning } from '../output.ts';
import { paced } from '../pace.ts';
import { sendJson, sendRefusal } from '../refusal.ts';
import type { ChatRequest } from './chat-request.ts';
import { type ChatIdentity, chatCompletion, chatUsage } from './chat-wire.ts';

type Chat = ChatIdentity & Pick<ChatRequest, 'promptTokens'>;

/**
 * Answers with one JSON document when the whole text is generated, as OpenAI does: no headers
 * before that. Faults of a stream have their nearest likeness: half a document, a closed socket.
 */
export async function answerChat(chat: Chat, run: Run, exchange: Exchange): Promise<void> {
  const { response, signal } = exchange;
  const { fault, generation, pace, afterTokens } = run;
  if (fault === 'no_first_token') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    return hold(run, fault, signal);
  }
  const tokenFault = tokenFaultIn(fault);
  const end = tokenFault ? afterTokens : pace.tokens.length;
  for await (const _ of paced(pace, 0, end, signal)) generation.advance(1);
  if (signal.aborted) return;

  const reason = tokenFault === 'filter' ? 'content_filter' : run.reason;
  const sent = generation.tokensSent;
  const usage = chatUsage(chat.promptTokens, sent, countReasoning(run.output, sent));
  const said = { ...run.output, pieces: run.output.pieces.slice(0, sent) };
  const completion = chatCompletion(chat, said, reason, usage);
  switch (tokenFault) {
    case 'stall':
      return hold(run, tokenFault, signal);
    case 'cut':
      generation.close('fault:cut');
      response.destroy();
      return;
    case 'error_event':
    case 'fail':
      generation.close(`fault:${tokenFault}`);
      return sendRefusal(response, serverError(500, 'Demo fault: the generation failed.'));
    case 'end':
    case 'malformed': {
      generation.close(`fault:${tokenFault}`);
      const document = JSON.stringify(completion);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(document.slice(0, document.length / 2));
      return;
    }
    case 'filter':
      generation.close('fault:filter');
      return sendJson(response, 200, completion);
    case null:
      generation.close('finished');
      if (fault !== 'drip') return sendJson(response, 200, completion);
      response.writeHead(200, { 'content-type': 'application/json' });
      await dripWriter(response, signal)(JSON.stringify(completion));
      response.end();
  }
}
