import { dripWriter } from '../body-writer.ts';
import type { Exchange } from '../exchange.ts';
import { hold } from '../fail-early.ts';
import { serverError, tokenFaultIn } from '../faults.ts';
import { sendJson, sendRefusal } from '../refusal.ts';
import type { ResponseRecord } from './response-record.ts';

/**
 * Answers with the response object once all of it is generated. Faults of a stream have their
 * nearest likeness: half a document, a closed socket.
 */
export async function answerResponse(record: ResponseRecord, exchange: Exchange): Promise<void> {
  const { response, signal } = exchange;
  const { fault, generation } = record.run;
  if (fault === 'no_first_token') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    return hold(record.run, fault, signal);
  }
  const tokenFault = tokenFaultIn(fault);
  switch (tokenFault) {
    case 'stall':
      return hold(record.run, tokenFault, signal);
    case 'cut':
      generation.close('fault:cut');
      response.destroy();
      return;
    case 'error_event':
      return sendRefusal(response, serverError(500, 'Demo fault: the generation failed.'));
    case 'end':
    case 'malformed': {
      generation.close(`fault:${tokenFault}`);
      const document = JSON.stringify(record.document());
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(document.slice(0, document.length / 2));
      return;
    }
    case 'fail':
    case 'filter':
    case null:
      if (fault !== 'drip') return sendJson(response, 200, record.document());
      response.writeHead(200, { 'content-type': 'application/json' });
      await dripWriter(response, signal)(JSON.stringify(record.document()));
      response.end();
  }
}
