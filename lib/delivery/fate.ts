import { maxMessageDelayMs } from '../limits.ts';

/** What becomes of a message of the deliveries queue. */
export type DeliveryFate =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'redeliver'; readonly afterMs: number };

export const acknowledge: DeliveryFate = { kind: 'acknowledge' };

/** Above this the message is given up before its queue does: the due index brings another. */
const maxReceives = 10;

/** The same message later; what the due index brings by itself anyway is not kept for long. */
export const later = (afterMs: number, receiveCount: number): DeliveryFate =>
  receiveCount < maxReceives && afterMs <= maxMessageDelayMs
    ? { kind: 'redeliver', afterMs: Math.max(1_000, afterMs) }
    : acknowledge;
