import type { DeliveryMessage } from '../ports/queues.ts';
import type { Deps } from '../ports.ts';
import { type AttemptDeps, attemptDelivery } from './attempt-delivery.ts';
import { fanOut } from './fan-out.ts';
import { acknowledge, type DeliveryFate } from './fate.ts';
import type { Patience } from './patience.ts';

export type DeliverDeps = AttemptDeps & Pick<Deps, 'jobs' | 'endpoints'>;

/**
 * Does what a message of the deliveries queue hints at: tells one target, or puts on record who is to
 * be told. Throws a Fault when the store does not answer; the message is then to be redelivered.
 */
export const deliver = async (
  deps: DeliverDeps,
  { jobId, deliveryNo, target }: DeliveryMessage,
  from: {
    readonly receiveCount: number;
    readonly patience: Patience;
    readonly signal: AbortSignal;
  },
): Promise<DeliveryFate> => {
  if (target !== undefined) return attemptDelivery(deps, { jobId, deliveryNo, target }, from);
  await fanOut(deps, jobId, deliveryNo);
  return acknowledge;
};
