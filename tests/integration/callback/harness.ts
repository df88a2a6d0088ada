import { afterEach, expect } from 'vitest';
import {
  type CallbackTransportOptions,
  callbackTransport,
} from '../../../lib/adapters/callback-transport.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { type Received, type Receiver, signed, startReceiver } from '../../fixtures/receiver.ts';

const opened: Receiver[] = [];
afterEach(() => Promise.all(opened.splice(0).map((receiver) => receiver.close())));

/** A receiver that is closed after the test. */
export const receive = async (answer: (received: Received) => unknown): Promise<Receiver> => {
  const receiver = await startReceiver(answer);
  opened.push(receiver);
  return receiver;
};

export const transport = (options: Partial<CallbackTransportOptions> = {}) =>
  callbackTransport({ clock: systemClock(), allowHttpLoopback: true, ...options });

type Given = Partial<CallbackTransportOptions> & { readonly signal?: AbortSignal };

/** One signed callback to `url`; http to the own machine is admitted. */
export const post = (
  url: string,
  { signal = new AbortController().signal, ...options }: Given = {},
) => {
  const { headers, body } = signed('{"type":"response.completed"}');
  return transport(options).post(url, headers, body, signal);
};

/** One callback to a receiver that does this. */
export const call = async (answer: (received: Received) => unknown, given: Given = {}) => {
  const receiver = await receive(answer);
  return { receiver, outcome: await post(`http://127.0.0.1:${receiver.port}/hook?x=1`, given) };
};

/** Waits until the receiver’s side has seen every connection closed. */
export const allClosed = (receiver: Receiver) => expect.poll(() => receiver.open()).toBe(0);
