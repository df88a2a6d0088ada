import type { ClientRequest } from 'node:http';
import type { ErrorReport } from '../error-report.ts';

/** Runs once, before the first byte of a streamed answer. */
type BeforeFirstWrite = (write: (chunk: string | Uint8Array) => void) => void;

/** What a streaming handler writes to; a narrow face of the request that carries its answer. */
export type ResponseStream = ReturnType<typeof faceOf>;

/**
 * A response stream over an opened Runtime API request, and the way to end it with an error: in
 * trailers, since its headers have long been sent. Like the managed runtime's stream, `end(chunk)`
 * is no write: a prelude goes out with the first `write` only.
 */
export function responseStream(request: ClientRequest) {
  const fail = (report: ErrorReport) =>
    new Promise<void>((resolve) => {
      request.addTrailers({
        'Lambda-Runtime-Function-Error-Type': encodeURIComponent(report.errorType),
        'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(report)).toString(
          'base64',
        ),
      });
      request.end(resolve);
    });
  return { stream: faceOf(request), fail };
}

function faceOf(request: ClientRequest) {
  let written = false;
  let beforeFirstWrite: BeforeFirstWrite | undefined;
  const send = request.write.bind(request);
  const write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const data =
      typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    if (!written) {
      written = true;
      beforeFirstWrite?.((first) => send(first));
    }
    return Reflect.apply(send, undefined, [data, ...rest]);
  };

  return {
    write,
    setContentType(contentType: string) {
      if (written) throw new Error('Cannot set content-type, too late.');
      request.setHeader('content-type', contentType);
    },
    get _onBeforeFirstWrite() {
      return beforeFirstWrite;
    },
    set _onBeforeFirstWrite(hook) {
      beforeFirstWrite = hook;
    },
    end: request.end.bind(request),
    cork: request.cork.bind(request),
    uncork: request.uncork.bind(request),
    destroy: request.destroy.bind(request),
    on: request.on.bind(request),
    once: request.once.bind(request),
    off: request.off.bind(request),
    addListener: request.addListener.bind(request),
    removeListener: request.removeListener.bind(request),
    removeAllListeners: request.removeAllListeners.bind(request),
    prependListener: request.prependListener.bind(request),
    prependOnceListener: request.prependOnceListener.bind(request),
    setMaxListeners: request.setMaxListeners.bind(request),
    getMaxListeners: request.getMaxListeners.bind(request),
    listeners: request.listeners.bind(request),
    rawListeners: request.rawListeners.bind(request),
    listenerCount: request.listenerCount.bind(request),
    eventNames: request.eventNames.bind(request),
    emit: request.emit.bind(request),
    get destroyed() {
      return request.destroyed;
    },
    get writable() {
      return request.writable;
    },
    get writableEnded() {
      return request.writableEnded;
    },
    get writableFinished() {
      return request.writableFinished;
    },
    get writableLength() {
      return request.writableLength;
    },
    get writableHighWaterMark() {
      return request.writableHighWaterMark;
    },
    get writableCorked() {
      return request.writableCorked;
    },
    get writableNeedDrain() {
      return request.writableNeedDrain;
    },
    get writableObjectMode() {
      return request.writableObjectMode;
    },
  };
}
