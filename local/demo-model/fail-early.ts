import type { Run } from './begin.ts';
import type { Exchange } from './exchange.ts';
import { type FaultName, headFaultIn, refusalOf } from './faults.ts';
import { untilAborted } from './pace.ts';
import { sendRefusal } from './refusal.ts';

const proxyPage =
  '<!doctype html>\n<html><head><title>502 Bad Gateway</title></head>' +
  '<body><h1>502 Bad Gateway</h1><p>Demo fault: a proxy answers in HTML.</p></body></html>\n';

/**
 * Carries out a fault that happens instead of an answer, and closes the generation.
 * False when the run has no such fault, and nothing was sent.
 */
export async function failEarly(run: Run, { response, signal }: Exchange): Promise<boolean> {
  const { fault, generation } = run;
  if (fault === null) return false;
  const refusal = refusalOf(fault, generation.entry().model);
  if (refusal) {
    generation.close(`fault:${fault}`);
    sendRefusal(response, { ...refusal, headers: { ...refusal.headers, ...retryAfter(run) } });
    return true;
  }
  const headFault = headFaultIn(fault);
  switch (headFault) {
    case 'html':
      generation.close('fault:html');
      response.writeHead(502, { 'content-type': 'text/html', ...retryAfter(run) });
      response.end(proxyPage);
      return true;
    case 'reset':
      generation.close('fault:reset');
      response.socket?.resetAndDestroy();
      return true;
    case 'no_headers':
      await hold(run, headFault, signal);
      return true;
    case null:
      return false;
  }
}

/** Holds the connection, sending nothing, until the client closes it. */
export async function hold(run: Run, fault: FaultName, signal: AbortSignal): Promise<void> {
  run.generation.mark(fault);
  await untilAborted(signal);
  run.generation.close('client_gone');
}

function retryAfter({ controls }: Run): Record<string, string> {
  const headers: Record<string, string> = {};
  if (controls.retryAfterSeconds !== null) headers['retry-after'] = `${controls.retryAfterSeconds}`;
  if (controls.retryAfterMs !== null) headers['retry-after-ms'] = `${controls.retryAfterMs}`;
  return headers;
}
