import { newDelivery, ownTarget } from '../callback/delivery.ts';
import { told } from '../job/callback.ts';
import { type EndedJob, isEnded } from '../job/job.ts';
import type { Deps } from '../ports.ts';

type FanOutDeps = Pick<
  Deps,
  'jobs' | 'deliveries' | 'deliveryQueue' | 'endpoints' | 'clock' | 'log'
>;

type Target = { readonly target: string; readonly url: string };

const wants = (events: readonly string[] | undefined, { status }: EndedJob): boolean =>
  events === undefined || events.includes(`response.${status}`);

/** Who is to be told: the job's own callback, and whichever endpoints are there and enabled now. */
const targetsOf = async (deps: FanOutDeps, job: EndedJob): Promise<readonly Target[]> => {
  const { callback } = job;
  const own =
    callback !== undefined && wants(callback.events, job)
      ? [{ target: ownTarget, url: callback.url }]
      : [];
  const endpoints = await deps.endpoints.list(job.tenant);
  const subscribed = endpoints.filter(
    ({ disabled, events }) => disabled === undefined && wants(events, job),
  );
  return [...own, ...subscribed.map(({ id, url }) => ({ target: id, url }))];
};

/** The job as it is while it owes that delivery. */
const owingJob = async (
  deps: FanOutDeps,
  jobId: string,
  deliveryNo: number,
): Promise<EndedJob | undefined> => {
  const job = await deps.jobs.load(jobId, 'strong');
  const owes =
    job !== undefined &&
    isEnded(job) &&
    job.owed === true &&
    job.deletedAtMs === undefined &&
    job.deliveryNo === deliveryNo;
  return owes ? job : undefined;
};

const tries = 4;

/** A write that is refused for what it did not mean, such as a stop that was owed, is made again. */
const clear = async (deps: FanOutDeps, first: EndedJob, deliveryNo: number): Promise<void> => {
  let job: EndedJob | undefined = first;
  for (let tried = 0; tried < tries && job !== undefined; tried += 1) {
    const outcome = await deps.jobs.write(told(job));
    if (outcome.kind === 'written') return;
    job = await owingJob(deps, first.id, deliveryNo);
  }
};

/**
 * Puts a delivery on record for each target of a job's end, after which the job owes nothing itself,
 * and sends for the first attempt of each. Repeated, it finds them there. Throws Fault
 * `store_unavailable`; the job then owes it still.
 */
export const fanOut = async (
  deps: FanOutDeps,
  jobId: string,
  deliveryNo: number,
): Promise<void> => {
  const job = await owingJob(deps, jobId, deliveryNo);
  if (job === undefined) return;
  const { tenant, resultExpiresAtMs } = job;
  const nowMs = deps.clock.nowMs();
  const targets = resultExpiresAtMs > nowMs ? await targetsOf(deps, job) : [];
  await Promise.all(
    targets.map(({ target, url }) =>
      deps.deliveries.create(
        newDelivery({ jobId, deliveryNo, target, url, tenant, resultExpiresAtMs }, nowMs),
      ),
    ),
  );
  await clear(deps, job, deliveryNo);
  deps.log.info('callbacks.owed', { jobId, deliveryNo, targets: targets.length });
  await Promise.all(
    targets.map(async ({ target }) => {
      try {
        await deps.deliveryQueue.send({ v: 1, jobId, deliveryNo, target }, tenant, 0);
      } catch (error) {
        deps.log.warn('delivery.unsent', { jobId, deliveryNo, target, error });
      }
    }),
  );
};
