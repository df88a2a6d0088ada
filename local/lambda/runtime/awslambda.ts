import { streamingMark } from './handler.ts';
import type { ResponseStream } from './response-stream.ts';

const preludeContentType = 'application/vnd.awslambda.http-integration-response';
const delimiterBytes = 8;

const HttpResponseStream = {
  /** Writes `metadata` as the JSON prelude, closed by eight NUL bytes, ahead of the first write. */
  from(stream: ResponseStream, metadata: unknown): ResponseStream {
    stream.setContentType(preludeContentType);
    const prelude = JSON.stringify(metadata);
    stream._onBeforeFirstWrite = (write) => {
      write(prelude);
      write(new Uint8Array(delimiterBytes));
    };
    return stream;
  },
};

function streamifyResponse(handler: object, options?: { highWaterMark?: number }): object {
  Reflect.set(handler, streamingMark, 'response');
  if (options?.highWaterMark !== undefined) {
    const mark = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
    Reflect.set(handler, mark, options.highWaterMark);
  }
  return handler;
}

/** Installs the global that Lambda's Node.js runtime offers for response streaming. */
export function installAwslambda(): void {
  const awslambda = { streamifyResponse, HttpResponseStream };
  Object.defineProperty(globalThis, 'awslambda', {
    value: awslambda,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}
