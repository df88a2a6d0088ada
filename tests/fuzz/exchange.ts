import { connect } from 'node:net';
import type { Raw } from '../fixtures/hostile-client.ts';
import { readReply } from './read-reply.ts';

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly reply: Raw }
  /** The connection was closed before there was a whole reply. */
  | { readonly kind: 'closed'; readonly received: string }
  | { readonly kind: 'hung'; readonly received: string };

/** Longer than any reply may take: a wait of 25 s, and a machine that is busy with other things. */
const patienceMs = 60_000;
/** With a client that has sent less than it said the server may lose patience, or wait for more. */
const halfClosedMs = 250;

/** Sends these bytes on a connection of their own, and reads the first reply to them. */
export const exchange = (
  port: number,
  bytes: Buffer,
  { isHead, unfinished }: { readonly isHead: boolean; readonly unfinished: boolean },
): Promise<Outcome> => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const received: Buffer[] = [];
  const socket = connect(port, '127.0.0.1');
  const text = (): string => Buffer.concat(received).toString('latin1').slice(0, 2_000);
  const settle = (outcome: Outcome): void => {
    clearTimeout(patience);
    clearTimeout(leaving);
    socket.destroy();
    resolve(outcome);
  };
  const read = (closed: boolean): void => {
    const reply = readReply(Buffer.concat(received), isHead, closed);
    if (reply !== undefined) settle({ kind: 'answered', reply });
    else if (closed) settle({ kind: 'closed', received: text() });
  };
  const patience = setTimeout(() => settle({ kind: 'hung', received: text() }), patienceMs);
  const leaving = unfinished ? setTimeout(() => socket.end(), halfClosedMs) : undefined;
  socket.on('error', () => undefined);
  socket.on('data', (piece: Buffer) => {
    received.push(piece);
    read(false);
  });
  socket.on('close', () => read(true));
  socket.write(bytes);
  return promise;
};
