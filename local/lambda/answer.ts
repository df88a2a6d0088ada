import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { parseErrorReport } from './error-report.ts';
import { type Failure, invalidResponse, reportedFailure } from './failure.ts';
import type { Prelude } from './invocation.ts';
import { hasPrelude, readOpening } from './prelude.ts';
import { responseLimitBytes, streamedResponseLimitBytes } from './quotas.ts';

/** What a function answered to one event. */
export type Answer =
  | { kind: 'buffered'; body: Buffer }
  | { kind: 'stream'; prelude: Prelude; body: PassThrough }
  | { kind: 'failed'; failure: Failure };

/** The answer's end: what went wrong after it had begun, if anything did. */
export type AnswerEnd = { failure?: Failure };

/**
 * Reads the answer that a runtime posts. `onAnswer` is called as soon as the answer is known, which
 * for a stream is with its first bytes; the promise resolves when all of it was taken. The body of
 * a stream is left open: whoever called decides when it may end. A body that nobody reads any more
 * is read on and dropped, since a function is not told that its client left. Rejects when the
 * connection is lost.
 */
export async function readAnswer(
  request: IncomingMessage,
  onAnswer: (answer: Answer) => void,
): Promise<AnswerEnd> {
  if (hasPrelude(request)) return readStream(request, onAnswer);
  const streaming = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
  const limitBytes = streaming ? streamedResponseLimitBytes : responseLimitBytes;
  const body = await readWhole(request, limitBytes);
  const failure =
    trailedFailure(request) ?? (body === undefined ? tooLarge(limitBytes) : undefined);
  if (failure === undefined && body !== undefined) onAnswer({ kind: 'buffered', body });
  return failed(failure, onAnswer);
}

async function readStream(
  request: IncomingMessage,
  onAnswer: (answer: Answer) => void,
): Promise<AnswerEnd> {
  const source: AsyncIterator<Buffer> = request[Symbol.asyncIterator]();
  const opening = await readOpening(source);
  if (opening.kind === 'ended') {
    const failure =
      trailedFailure(request) ?? invalidPrelude('the answer ended before its delimiter');
    return failed(failure, onAnswer);
  }
  if (opening.kind === 'unreadable') {
    await drain(source);
    return failed(invalidPrelude(opening.why), onAnswer);
  }
  const body = new PassThrough();
  body.on('error', () => undefined);
  onAnswer({ kind: 'stream', prelude: opening.prelude, body });
  const whole = await pump(source, opening.rest, body);
  const failure = trailedFailure(request);
  if (failure !== undefined) return { failure };
  return whole ? {} : { failure: tooLarge(streamedResponseLimitBytes) };
}

function failed(failure: Failure | undefined, onAnswer: (answer: Answer) => void): AnswerEnd {
  if (failure === undefined) return {};
  onAnswer({ kind: 'failed', failure });
  return { failure };
}

async function readWhole(
  request: AsyncIterable<Buffer>,
  limitBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let totalBytes = 0;
  for await (const chunk of request) {
    totalBytes += chunk.length;
    if (totalBytes <= limitBytes) chunks.push(chunk);
  }
  return totalBytes <= limitBytes ? Buffer.concat(chunks) : undefined;
}

async function pump(
  source: AsyncIterator<Buffer>,
  rest: Buffer,
  body: PassThrough,
): Promise<boolean> {
  let totalBytes = 0;
  for (let chunk: Buffer | undefined = rest; chunk !== undefined; ) {
    totalBytes += chunk.length;
    if (totalBytes <= streamedResponseLimitBytes) await pass(chunk, body);
    const next = await source.next();
    chunk = next.done === true ? undefined : next.value;
  }
  return totalBytes <= streamedResponseLimitBytes;
}

async function pass(chunk: Buffer, body: PassThrough): Promise<void> {
  if (chunk.length === 0 || body.destroyed || body.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      body.off('drain', go).off('close', go);
      resolve();
    };
    body.on('drain', go).on('close', go);
  });
}

async function drain(source: AsyncIterator<Buffer>): Promise<void> {
  while ((await source.next()).done !== true);
}

function trailedFailure({ trailers }: IncomingMessage): Failure | undefined {
  const type = trailers['lambda-runtime-function-error-type'];
  if (type === undefined) return undefined;
  const body = trailers['lambda-runtime-function-error-body'] ?? '';
  return reportedFailure(parseErrorReport(Buffer.from(body, 'base64').toString('utf8')));
}

function tooLarge(limitBytes: number): Failure {
  return invalidResponse(
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`,
  );
}

function invalidPrelude(why: string): Failure {
  return invalidResponse(
    'Function.InvalidStreamPrelude',
    `The stream has no readable prelude: ${why}`,
  );
}
