import { claimDelivery, failDelivery, putOff, recordAttempt } from '../callback/change-delivery.ts';
import { type Delivery, type DeliveryKey, readinessOf } from '../callback/delivery.ts';
import { callbackBody, callbackId } from '../callback/event.ts';
import type { CallbackOutcome } from '../callback/outcome.ts';
import { Fault } from '../errors.ts';
import { maxMessageDelayMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { resultUrl } from '../wire/result-url.ts';
import { type Destination, type DestinationDeps, destinationOf } from './destination.ts';
import { acknowledge, type DeliveryFate, later } from './fate.ts';
import { noteHealth } from './note-health.ts';
import type { Patience, Place } from './patience.ts';
import { postSigned } from './post-signed.ts';

export type AttemptDeps = DestinationDeps &
  Pick<Deps, 'deliveries' | 'deliveryQueue' | 'callbacks' | 'signingKeys' | 'log'>;

/** A place is asked for again after this, and up to as much later, so that not all come at once. */
const placePauseMs = 5_000;
/** How often the same message asks; after that the due index brings another. */
const placeAsks = 3;

/** Undefined when somebody else has changed the delivery since it was read. */
const save = async (deps: AttemptDeps, next: Delivery): Promise<Delivery | undefined> => {
  if ((await deps.deliveries.save(next)) === 'saved') return next;
  // The SDK repeats a write that was not answered: one that landed can come back as refused.
  const now = await deps.deliveries.load(next);
  return now?.rev === next.rev && now.claim === next.claim && now.state === next.state
    ? now
    : undefined;
};

const post = async (
  deps: AttemptDeps,
  { deliveryNo }: Delivery,
  { job, url, keys }: Extract<Destination, { kind: 'open' }>,
  signal: AbortSignal,
): Promise<CallbackOutcome> => {
  const [key] = await deps.signingKeys.current();
  if (key === undefined) throw new Fault('item_unreadable', 'There is no key to sign with.');
  const body = callbackBody({
    jobId: job.id,
    status: job.status,
    endedAtMs: job.endedAtMs,
    resultUrl: resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, key),
    metadata: job.metadata,
  });
  return postSigned(deps, { url, id: callbackId(job.id, deliveryNo), body, keys }, signal);
};

const sendNext = async (deps: AttemptDeps, delivery: Delivery): Promise<void> => {
  const { jobId, deliveryNo, target, tenant } = delivery;
  const pauseMs = delivery.nextAtMs - deps.clock.nowMs();
  if (delivery.state !== 'pending' || pauseMs > maxMessageDelayMs) return;
  try {
    await deps.deliveryQueue.send({ v: 1, jobId, deliveryNo, target }, tenant, pauseMs);
  } catch (error) {
    deps.log.warn('delivery.unsent', { jobId, deliveryNo, target, error });
  }
};

const record = async (
  deps: AttemptDeps,
  claimed: Delivery,
  outcome: CallbackOutcome,
  startedAtMs: Delivery['createdAtMs'],
): Promise<void> => {
  const next = recordAttempt(claimed, outcome, {
    startedAtMs,
    nowMs: deps.clock.nowMs(),
    random: deps.ids.random(),
    longestMessageMs: maxMessageDelayMs,
  });
  const { jobId, deliveryNo, target, attempts } = claimed;
  const answered = outcome.kind === 'answered' ? outcome.status : undefined;
  const error = outcome.kind === 'answered' ? undefined : outcome.why;
  const fields = { jobId, deliveryNo, target, attempt: attempts, status: answered, why: error };
  deps.log.info(`delivery.${next.state === 'pending' ? 'attempted' : next.state}`, fields);
  const saved = await save(deps, next);
  if (saved !== undefined) await sendNext(deps, saved);
};

const carryOut = async (
  deps: AttemptDeps,
  claimed: Delivery,
  destination: Extract<Destination, { kind: 'open' }>,
  place: Place,
  signal: AbortSignal,
): Promise<void> => {
  const startedAtMs = deps.clock.nowMs();
  let outcome: CallbackOutcome | undefined;
  try {
    const either = AbortSignal.any([signal, place.signal]);
    outcome = await post(deps, claimed, destination, either);
  } finally {
    await place.leave(outcome);
  }
  await record(deps, claimed, outcome, startedAtMs);
  const isOurs = outcome.kind === 'failed' && outcome.why === 'stopped';
  if (destination.endpoint !== undefined && !isOurs) {
    await noteHealth(deps, destination.endpoint, outcome);
  }
};

/**
 * One attempt of one delivery, if it is its time and nobody else is at it. It is claimed before
 * anything is sent: a second message for it, however it came about, finds the claim. Throws a Fault
 * when the store does not answer; the message is then to be redelivered.
 */
export const attemptDelivery = async (
  deps: AttemptDeps,
  key: DeliveryKey,
  from: {
    readonly receiveCount: number;
    readonly patience: Patience;
    readonly signal: AbortSignal;
  },
): Promise<DeliveryFate> => {
  const delivery = await deps.deliveries.load(key);
  if (delivery === undefined) return acknowledge;
  const nowMs = deps.clock.nowMs();
  const ready = readinessOf(delivery, nowMs);
  if (ready.kind === 'ended') return acknowledge;
  if (ready.kind === 'later') return later(ready.atMs - nowMs, from.receiveCount);

  const destination = await destinationOf(deps, delivery);
  if (destination.kind === 'closed') {
    deps.log.info('delivery.failed', { ...key, why: destination.why });
    await save(deps, failDelivery(delivery, destination.why));
    return acknowledge;
  }
  const pauseMs = placePauseMs * (1 + deps.ids.random());
  if (from.signal.aborted) return later(pauseMs, from.receiveCount);
  const { endpoint, url } = destination;
  const isProven = endpoint !== undefined && endpoint.failingSinceMs === undefined;
  const place = await from.patience.enter({ tenant: delivery.tenant, url, isProven });
  if (place === undefined) {
    if (from.receiveCount < placeAsks) return later(pauseMs, from.receiveCount);
    await save(deps, putOff(delivery, deps.clock.nowMs(), deps.ids.random()));
    return acknowledge;
  }
  let claimed: Delivery | undefined;
  try {
    const claim = claimDelivery(delivery, deps.ids.nonce(), deps.clock.nowMs());
    claimed = await save(deps, claim);
  } finally {
    if (claimed === undefined) await place.leave(undefined);
  }
  if (claimed !== undefined) await carryOut(deps, claimed, destination, place, from.signal);
  return acknowledge;
};
