import { dripWriter, wholeWriter } from '../body-writer.ts';
import type { Exchange } from '../exchange.ts';
import { hold } from '../fail-early.ts';
import type { FaultName } from '../faults.ts';
import { untilAborted } from '../pace.ts';
import type { NumberedEvent, ResponseRecord } from './response-record.ts';

/** Which events go out on a connection, and the fault that it meets. */
interface Sending {
  /** The number of the first event. */
  readonly from: number;
  readonly fault: FaultName | null;
}

/**
 * Sends a response's events, those there are and those to come. The fault is that of the connection
 * and happens after the first event at which the tokens of `after=` are out; a background response
 * goes on without it.
 */
export async function sendEvents(
  record: ResponseRecord,
  { from, fault }: Sending,
  { response, signal }: Exchange,
): Promise<void> {
  const { generation, afterTokens } = record.run;
  const { background } = record.request;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  response.flushHeaders();
  const silence = (held: FaultName) =>
    background ? untilAborted(signal) : hold(record.run, held, signal);
  if (fault === 'no_first_token') return silence(fault);

  const write = (fault === 'drip' ? dripWriter : wholeWriter)(response, signal);
  let garbles = fault === 'malformed';
  let isDue = false;
  for await (const { event, tokens } of record.follow(from, signal)) {
    const garbled = garbles && isDue;
    await write(garbled ? brokenFrame(event) : frame(event));
    if (garbled) garbles = false;
    isDue = tokens >= afterTokens;
    if (!isDue) continue;
    if (fault === 'stall') return silence(fault);
    if (fault === 'cut' || fault === 'end') {
      if (!background) generation.close(`fault:${fault}`);
      if (fault === 'cut') response.destroy();
      else response.end();
      return;
    }
  }
  response.end();
}

function frame(event: NumberedEvent['event']): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** The frame with the second half of its JSON missing. */
function brokenFrame(event: NumberedEvent['event']): string {
  const whole = frame(event);
  return `${whole.slice(0, Math.floor((whole.length * 2) / 3))}\n\n`;
}
