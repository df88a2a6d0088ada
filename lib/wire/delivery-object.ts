import { type Delivery, type DeliveryKey, ownTarget } from '../callback/delivery.ts';
import { callbackId } from '../callback/event.ts';

/** A delivery's id: of what, which time, to whom. */
export const deliveryId = ({ jobId, deliveryNo, target }: DeliveryKey): string =>
  `${jobId}.${deliveryNo}.${target}`;

const idFormat = /^((?:gen|resp|chatcmpl)_[\da-f]{1,64})\.([1-9]\d{0,5})\.(own|cbe_[\da-f]{1,64})$/;

/** Undefined for what is no delivery's id. */
export const parseDeliveryId = (id: string): DeliveryKey | undefined => {
  const [, jobId, deliveryNo, target] = idFormat.exec(id) ?? [];
  return jobId === undefined || target === undefined
    ? undefined
    : { jobId, deliveryNo: Number(deliveryNo), target };
};

/** Without its query, which may hold a secret of the receiver's. */
export const shownUrl = (url: string): string => url.split(/[?#]/)[0] ?? '';

const attemptOf = (attempt: Delivery['log'][number]) => ({
  at_ms: attempt.atMs,
  status: attempt.status ?? null,
  error: attempt.error ?? null,
  duration_ms: attempt.tookMs,
  first_bytes: attempt.firstBytes ?? null,
});

/** One target's delivery in the log. Times are milliseconds since the epoch. */
export const deliveryObject = (delivery: Delivery) => ({
  id: deliveryId(delivery),
  object: 'delivery',
  job_id: delivery.jobId,
  /** 1, and one more with each time that its owner asked for it again. */
  delivery_no: delivery.deliveryNo,
  webhook_id: callbackId(delivery.jobId, delivery.deliveryNo),
  /** Null for the job's own callback. */
  endpoint_id: delivery.target === ownTarget ? null : delivery.target,
  url: shownUrl(delivery.url),
  status: delivery.state,
  /** Why it was given up. */
  reason: delivery.why ?? null,
  created_at_ms: delivery.createdAtMs,
  next_attempt_at_ms: delivery.state === 'pending' ? delivery.nextAtMs : null,
  /** Of a long series, the last ones. */
  attempts: delivery.log.map(attemptOf),
});
