import type { Run } from '../begin.ts';
import { dripWriter, type WriteBody, wholeWriter } from '../body-writer.ts';
import type { Exchange } from '../exchange.ts';
import { hold } from '../fail-early.ts';
import { tokenFaultIn } from '../faults.ts';
import { callBegunBy, countReasoning } from '../output.ts';
import { paced, untilDue } from '../pace.ts';
import type { ChatRequest } from './chat-request.ts';
import {
  type ChatIdentity,
  chatUsage,
  doneFrame,
  errorFrame,
  type FinishReason,
  finishFrame,
  pieceFrames,
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
  await write(roleFrame(chat, run.output));
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
    case 'fail':
      generation.close(`fault:${tokenFault}`);
      response.end(errorFrame('Demo fault: the server had an error while generating.'));
      return;
    case 'filter':
      generation.mark(tokenFault);
      return finish('content_filter');
    case 'malformed':
      generation.mark(tokenFault);
      await write(broken(framesAt(chat, run, end).join('')));
      generation.advance(Math.min(1, pace.tokens.length - end));
      await writeTokens(chat, run, write, signal, end + 1, pace.tokens.length);
      return finish(run.reason);
    case null:
      return finish(run.reason);
  }
}

async function writeTokens(
  chat: Chat,
  run: Run,
  write: WriteBody,
  signal: AbortSignal,
  from: number,
  to: number,
): Promise<void> {
  let index = from;
  for await (const _ of paced(run.pace, from, to, signal)) {
    run.generation.advance(1);
    for (const frame of framesAt(chat, run, index)) await write(frame);
    index++;
  }
}

/** The frames of the token at `index`; of an empty text when there is none. */
function framesAt(chat: Chat, { output }: Run, index: number): string[] {
  const piece = output.pieces[index] ?? { kind: 'text', text: '' };
  return pieceFrames(chat, piece, callBegunBy(output, index));
}

async function finishStream(
  chat: Chat,
  { fault, generation, output }: Run,
  { response, signal }: Exchange,
  write: WriteBody,
  reason: FinishReason,
): Promise<void> {
  await write(finishFrame(chat, reason));
  if (chat.includeUsage) {
    const sent = generation.tokensSent;
    const usage = chatUsage(chat.promptTokens, sent, countReasoning(output, sent));
    await write(usageFrame(chat, usage));
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
