import { type Delivery, type DeliveryEnd, ownTarget } from '../callback/delivery.ts';
import { isHostAllowed } from '../callback/host-pattern.ts';
import type { CallbackKey } from '../callback/keys.ts';
import { type EndedJob, isEnded } from '../job/job.ts';
import type { CallbackEndpoint } from '../ports/callbacks.ts';
import type { Deps } from '../ports.ts';
import { defaultSecret } from './default-secret.ts';

export type DestinationDeps = Pick<
  Deps,
  'jobs' | 'endpoints' | 'callbackSecrets' | 'tenants' | 'clock' | 'ids'
>;

/** Where a delivery goes now, and what signs it; or why it goes nowhere any more. */
export type Destination =
  | {
      readonly kind: 'open';
      readonly job: EndedJob;
      readonly url: string;
      readonly keys: readonly CallbackKey[];
      /** Absent for a job's own callback. */
      readonly endpoint: CallbackEndpoint | undefined;
    }
  | { readonly kind: 'closed'; readonly why: DeliveryEnd };

const closed = (why: DeliveryEnd): Destination => ({ kind: 'closed', why });

const mayGoTo = async (deps: DestinationDeps, tenant: string, url: string): Promise<boolean> => {
  const limits = (await deps.tenants.find(tenant))?.limits;
  const hostname = URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : '';
  return isHostAllowed(hostname, limits?.callbackHosts);
};

/** Throws Faults `store_unavailable` or `item_unreadable`. */
export const destinationOf = async (
  deps: DestinationDeps,
  { jobId, tenant, target, url, deliveryNo }: Delivery,
): Promise<Destination> => {
  const job = await deps.jobs.load(jobId, 'strong');
  const isThere = job !== undefined && isEnded(job) && job.deletedAtMs === undefined;
  if (!isThere || job.resultExpiresAtMs <= deps.clock.nowMs()) return closed('result_expired');
  if (job.deliveryNo !== deliveryNo) return closed('superseded');
  if (target === ownTarget) {
    if (!(await mayGoTo(deps, tenant, url))) return closed('host_not_allowed');
    const { keys } = await defaultSecret(deps, tenant);
    return { kind: 'open', job, url, keys, endpoint: undefined };
  }
  const endpoint = await deps.endpoints.find(tenant, target);
  if (endpoint === undefined) return closed('endpoint_deleted');
  if (endpoint.disabled !== undefined) return closed('endpoint_disabled');
  if (!(await mayGoTo(deps, tenant, endpoint.url))) return closed('host_not_allowed');
  return { kind: 'open', job, url: endpoint.url, keys: endpoint.keys, endpoint };
};
