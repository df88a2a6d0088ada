import { Fault } from '../errors.ts';

/** What a log line says of an error. */
export type ErrorReport = {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly status?: number;
  readonly requestId?: string;
  /** Where it was made: frames only, since a stack begins with the message. */
  readonly stack?: string;
  readonly cause?: ErrorReport;
  readonly errors?: readonly ErrorReport[];
};

const maxCauses = 5;
const maxFrames = 12;
const maxMessageChars = 500;

/** A code is one word. An upstream's is whatever it says, its SDK's error passes it on. */
const codeFormat = /^[A-Za-z\d][A-Za-z\d_.]{0,63}$/;

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/**
 * Messages that quote what they are about: a parser the text it was given, an upstream (whose errors
 * carry the answer's headers, or were turned into a Fault that reports them) the prompt.
 */
const mayQuoteContent = (error: Error): boolean =>
  error instanceof SyntaxError ||
  'headers' in error ||
  (error instanceof Fault && error.reported.code !== error.code);

/**
 * AWS quotes what it calls malformed (`Value '…' at 'item' failed to satisfy constraint`), which may be
 * a client's and have quotes of its own: what comes before the first of them stays.
 */
const messageOf = (error: Error): string =>
  ('$metadata' in error ? error.message.replace(/["'{[].*/s, '…') : error.message).slice(
    0,
    maxMessageChars,
  );

const frames = (error: Error): string =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, maxFrames)
    .join('\n');

/**
 * An error's name, code, message, frames and causes, and nothing else it carries: the SDKs' errors
 * hold the request with its headers and body.
 */
export const errorReport = (thrown: unknown, causesLeft = maxCauses): ErrorReport => {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const code = property(thrown, 'code');
  const metadata = property(thrown, '$metadata');
  const status = property(metadata, 'httpStatusCode') ?? property(thrown, 'status');
  const requestId = property(metadata, 'requestId') ?? property(thrown, 'requestID');
  const more = causesLeft > 0;
  return {
    name: thrown.name === 'Error' ? thrown.constructor.name : thrown.name,
    ...(typeof code === 'string' && codeFormat.test(code) && { code }),
    ...(!mayQuoteContent(thrown) && { message: messageOf(thrown) }),
    ...(typeof status === 'number' && { status }),
    ...(typeof requestId === 'string' && { requestId }),
    stack: frames(thrown),
    ...(more && thrown.cause !== undefined && { cause: errorReport(thrown.cause, causesLeft - 1) }),
    ...(more &&
      thrown instanceof AggregateError && {
        errors: thrown.errors.slice(0, maxCauses).map((error) => errorReport(error, 0)),
      }),
  };
};
