import { remindOf } from '../callback/change-delivery.ts';
import type { DeliveryKey } from '../callback/delivery.ts';
import { deliveryDueShards } from '../limits.ts';
import type { Deps } from '../ports.ts';

type SweepDeps = Pick<Deps, 'deliveries' | 'deliveryQueue' | 'clock' | 'log'>;

const pageSize = 100;
const together = 10;

/** Write first, which re-arms the delivery, then send: a send that fails is made up for later. */
const remind = async (deps: SweepDeps, key: DeliveryKey): Promise<boolean> => {
  const delivery = await deps.deliveries.load(key);
  const nowMs = deps.clock.nowMs();
  const { dueAtMs } = delivery ?? {};
  if (delivery?.state !== 'pending' || dueAtMs === undefined || dueAtMs > nowMs) return false;
  if ((await deps.deliveries.save(remindOf(delivery, nowMs))) === 'refused') return false;
  const { jobId, deliveryNo, target } = key;
  await deps.deliveryQueue.send({ v: 1, jobId, deliveryNo, target }, delivery.tenant, 0);
  return true;
};

const nameOf = ({ jobId, deliveryNo, target }: DeliveryKey): string =>
  `${jobId} ${deliveryNo} ${target}`;

/**
 * Sends for the deliveries that are due: those whose pause was too long for a message, and those whose
 * message or attempt was lost. What fails is logged, stays due and is met again by the next sweep.
 */
export const sweepDeliveries = async (
  deps: SweepDeps,
  signal: AbortSignal,
): Promise<{ readonly sent: number; readonly failed: number }> => {
  const tally = { sent: 0, failed: 0 };

  const remindQuietly = async (key: DeliveryKey): Promise<void> => {
    try {
      if (await remind(deps, key)) tally.sent += 1;
    } catch (error) {
      tally.failed += 1;
      deps.log.error('sweep.failed', { ...key, error });
    }
  };

  const sweepShard = async (shard: number): Promise<void> => {
    const done = new Set<string>();
    while (!signal.aborted) {
      const page = await deps.deliveries.due(shard, deps.clock.nowMs(), done.size + pageSize);
      const fresh = page.filter((key) => !done.has(nameOf(key)));
      if (fresh.length === 0) return;
      for (let from = 0; from < fresh.length && !signal.aborted; from += together) {
        const group = fresh.slice(from, from + together);
        await Promise.all(group.map(remindQuietly));
        for (const key of group) done.add(nameOf(key));
      }
    }
  };

  const shards = Array.from({ length: deliveryDueShards }, (_, shard) => shard);
  await Promise.all(
    shards.map(async (shard) => {
      try {
        await sweepShard(shard);
      } catch (error) {
        tally.failed += 1;
        deps.log.error('sweep.failed', { deliveryShard: shard, error });
      }
    }),
  );
  if (tally.sent + tally.failed > 0) deps.log.info('deliveries.swept', tally);
  return tally;
};
