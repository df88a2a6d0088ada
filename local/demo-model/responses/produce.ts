import { type FaultName, tokenFaultIn } from '../faults.ts';
import { paced, pause } from '../pace.ts';
import type { ResponseRecord } from './response-record.ts';

/** The faults that a connection has, not the generation; in the foreground it waits for them. */
const connectionFaults: readonly FaultName[] = ['stall', 'cut', 'end'];

const failure = { code: 'server_error', message: 'Demo fault: the generation failed.' };

/**
 * Generates the response, event by event. Resolves when it has ended, when the signal aborted, or
 * in the foreground where the fault of the connection is due. The generation is closed before the
 * last event is made, so whoever saw the end finds it closed.
 */
export async function produce(record: ResponseRecord, signal: AbortSignal): Promise<void> {
  const { run, request, output } = record;
  const { generation, pace, controls } = run;
  record.emitResponse('response.created');
  if (request.background) {
    record.emitResponse('response.queued');
    await pause(controls.queuedMs, signal);
    if (signal.aborted) return;
    record.start();
  }
  record.emitResponse('response.in_progress');
  if (run.fault === 'no_first_token' && !request.background) return;

  let index = 0;
  for await (const _ of paced(pace, 0, lastToken(record), signal)) {
    const piece = run.output.pieces[index++];
    generation.advance(1);
    if (piece) output.write(piece);
  }
  if (signal.aborted || waitsForConnection(record)) return;
  end(record);
}

function waitsForConnection({ run, request }: ResponseRecord): boolean {
  return !request.background && run.fault !== null && connectionFaults.includes(run.fault);
}

function lastToken(record: ResponseRecord): number {
  const { run } = record;
  const stops = ['fail', 'error_event', 'filter'].some((fault) => fault === run.fault);
  return stops || waitsForConnection(record) ? run.afterTokens : run.pace.tokens.length;
}

function end(record: ResponseRecord): void {
  const { run, output } = record;
  const fault = tokenFaultIn(run.fault);
  if (fault === 'fail' || fault === 'error_event') {
    run.generation.close(`fault:${fault}`);
    record.end({ status: 'failed', incompleteReason: null, error: failure });
    if (fault === 'fail') record.emitResponse('response.failed');
    else record.emit({ type: 'error', ...failure, param: null });
    return;
  }
  const isFiltered = fault === 'filter';
  const isWhole = !isFiltered && run.reason !== 'length';
  output.end(isWhole ? 'completed' : 'incomplete');
  run.generation.close(isFiltered ? 'fault:filter' : 'finished');
  const status = isWhole ? 'completed' : 'incomplete';
  const reason = isFiltered ? 'content_filter' : 'max_output_tokens';
  record.end({ status, incompleteReason: isWhole ? null : reason, error: null });
  record.emitResponse(`response.${status}`);
}
