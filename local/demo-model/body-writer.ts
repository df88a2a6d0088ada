import type { ServerResponse } from 'node:http';
import { pause } from './pace.ts';

const dripBytes = 16;
const dripPauseMs = 2;

/** Writes a frame of a body; resolves when it left the process or the connection closed. */
export type WriteBody = (frame: string) => Promise<void>;

/** Each frame in one write. */
export function wholeWriter(response: ServerResponse, signal: AbortSignal): WriteBody {
  return (frame) => writeBytes(response, signal, Buffer.from(frame));
}

/** Each frame in many small writes with pauses, cut inside every multi-byte character too. */
export function dripWriter(response: ServerResponse, signal: AbortSignal): WriteBody {
  response.socket?.setNoDelay(true);
  return async (frame) => {
    const bytes = Buffer.from(frame);
    let start = 0;
    for (let end = 1; end <= bytes.length && !signal.aborted; end++) {
      if (end < bytes.length && end - start < dripBytes && !startsCharacter(bytes[end - 1]))
        continue;
      await writeBytes(response, signal, bytes.subarray(start, end));
      await pause(dripPauseMs, signal);
      start = end;
    }
  };
}

/** True for the first byte of a UTF-8 character of two to four bytes. */
function startsCharacter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0xc0;
}

function writeBytes(response: ServerResponse, signal: AbortSignal, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    response.write(bytes, done);
  });
}
