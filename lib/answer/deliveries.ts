import type { Delivery } from '../callback/delivery.ts';
import { redeliver } from '../delivery/redeliver.ts';
import { nothingAt } from '../generation/read.ts';
import type { Deps } from '../ports.ts';
import { parseDeliveriesQuery } from '../wire/deliveries-query.ts';
import { deliveryId, deliveryObject } from '../wire/delivery-object.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { listPage } from '../wire/responses/list.ts';
import { tenantOf } from './caller.ts';
import { type LedgerDeps, ledgerOf, loadOwn } from './job.ts';

/** By the time in their jobs' ids, newest first. */
const newestFirst = (a: Delivery, b: Delivery): number => {
  const [one, other] = [a, b].map(
    ({ jobId, deliveryNo, target }) =>
      `${jobId.slice(jobId.indexOf('_') + 1)}#${String(deliveryNo).padStart(6, '0')}#${target}`,
  );
  return (one ?? '') < (other ?? '') ? 1 : -1;
};

/** `GET /deliveries`: the tenant's log of callbacks, those of the newest jobs first. */
export const answerDeliveries = async (
  deps: Pick<Deps, 'deliveries'>,
  request: HttpRequest,
): Promise<HttpReply> => {
  const { limit, states, after } = parseDeliveriesQuery(request.query);
  const tenant = tenantOf(request);
  const pages = await Promise.all(
    states.map((state) => deps.deliveries.list({ tenant, state, after, limit: limit + 1 })),
  );
  // One that ends between two reads is met in both states.
  const found = [...new Map(pages.flat().map((one) => [deliveryId(one), one])).values()].sort(
    newestFirst,
  );
  const data = found.slice(0, limit).map(deliveryObject);
  return { status: 200, headers: {}, body: listPage(data, found.length > limit) };
};

/** `POST /jobs/{id}/redeliver`: 202 with the ledger. */
export const answerRedeliver = async (
  deps: LedgerDeps & Pick<Deps, 'jobs' | 'endpoints' | 'deliveryQueue' | 'clock' | 'log'>,
  request: HttpRequest,
): Promise<HttpReply> => {
  const job = await redeliver(deps, await loadOwn(deps, request));
  if (job === undefined) throw nothingAt(request.pathParameters['id'] ?? '');
  return { status: 202, headers: {}, body: await ledgerOf(deps, job) };
};
