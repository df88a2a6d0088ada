import type { Run } from '../begin.ts';
import { dripWriter, type WriteBody, wholeWriter } from '../body-writer.ts';
import type { Exchange } from '../exchange.ts';
import { hold } from '../fail-early.ts';
import { tokenFaultIn } from '../faults.ts';
import { paced, untilDue } from '../pace.ts';
import type { ChatRequest } from './chat-request.ts';
import {
  type ChatIdentity,
  chatUsage,
  contentFrame,
  doneFrame,
  errorFrame,
  type FinishReason,
  finishFrame,
  roleFrame,
  usageFrame,
} from './chat-wire.ts';

type Chat = ChatIdentity & Pick<ChatRequest, 'promptTokens'>;

/**
 * Streams the run as chat completion chunks, with its fault where that is due. The generation is
 * closed before the last bytes go out, so a client that saw the end finds it closed.
 */
export async function streamChat(chat: Chat, run: Run, exchange: Exchange): Promise<void> {
  const { response, signal } = exchange;
  const { fault, generation, pace, afterTokens } = run;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  response.flushHeaders();
  if (fault === 'no_first_token') return hold(run, fault, signal);

  const write = (fault === 'drip' ? dripWriter : wholeWriter)(response, signal);
  const finish = (reason: FinishReason) => finishStream(chat, run, exchange, write, reason);
  if (!(await untilDue(pace, 0, signal))) return;
  await write(roleFrame(chat));
  const tokenFault = tokenFaultIn(fault);
  const end = tokenFault ? afterTokens : pace.tokens.length;
  await writeTokens(chat, run, write, signal, 0, end);
  if (signal.aborted) return;

  switch (tokenFault) {
    case 'stall':
      return hold(run, tokenFault, signal);
    case 'cut':
      generation.close('fault:cut');
      response.destroy();
      return;
    case 'end':
      generation.close('fault:end');
      response.end();
      return;
    case 'error_event':
      generation.close('fault:error_event');
      response.end(errorFrame('Demo fault: the server had an error while generating.'));
      return;
    case 'filter':
      generation.mark(tokenFault);
      return finish('content_filter');
    case 'malformed':
      generation.mark(tokenFault);
      await write(broken(contentFrame(chat, pace.tokens[end] ?? '')));
      generation.advance(Math.min(1, pace.tokens.length - end));
      await writeTokens(chat, run, write, signal, end + 1, pace.tokens.length);
      return finish(run.reason);
    case null:
      return finish(run.reason);
  }
}

async function writeTokens(
  chat: Chat,
  { generation, pace }: Run,
  write: WriteBody,
  signal: AbortSignal,
  from: number,
  to: number,
): Promise<void> {
  for await (const token of paced(pace, from, to, signal)) {
    generation.advance(1);
    await write(contentFrame(chat, token));
  }
}

async function finishStream(
  chat: Chat,
  { fault, generation }: Run,
  { response, signal }: Exchange,
  write: WriteBody,
  reason: FinishReason,
): Promise<void> {
  await write(finishFrame(chat, reason));
  if (chat.includeUsage) {
    await write(usageFrame(chat, chatUsage(chat.promptTokens, generation.tokensSent)));
  }
  if (signal.aborted) return;
  if (fault === 'no_done') {
    generation.close('fault:no_done');
    response.end();
    return;
  }
  generation.close('finished');
  await write(doneFrame);
  response.end();
}

/** The frame with the second half of its JSON missing. */
function broken(frame: string): string {
  return `${frame.slice(0, Math.floor(frame.length / 2))}\n\n`;
}
