import { gbSeconds } from './billing.ts';
import { generate, later, type Told, untilEnded, untilQuiet } from './client.ts';
import { type Kind, lastsMs, modelOf, short } from './mix.ts';
import { type Stand, type StandOptions, startStand } from './stand.ts';
import { useBy } from './use.ts';

/** Jobs of one length that waited in the queue together, and what the worker was billed for them. */
export type Drained = {
  readonly kind: Kind;
  readonly jobs: number;
  readonly invocations: number;
  readonly workerGbSeconds: number;
  /** What it would be if workers did nothing but wait for full batches of generations. */
  readonly optimumGbSeconds: number;
};

export type Load = { readonly kind: Kind; readonly jobs: number };

const backlog = async (stand: Stand, { kind, jobs }: Load, speed: number): Promise<void> => {
  const release = await stand.holdQueue();
  const accepted: Told[] = [];
  for (let index = 0; index < jobs; index += 1) {
    accepted.push(await generate(stand, modelOf(kind, speed), `Job ${index}`, later));
  }
  release();
  await untilEnded(stand, accepted);
  await untilQuiet(stand);
};

/**
 * Drains one backlog after the other, on sandboxes that are warm. The optimum of a batch of `b` jobs
 * of equal length: they run side by side, so the invocation lasts as long as one of them, and a job
 * costs a `b`-th of that: jobs ÷ b × length × memory.
 */
export const drain = async (
  options: StandOptions & { readonly batchSize: number },
  loads: readonly Load[],
  speed: number,
): Promise<readonly Drained[]> => {
  const stand = await startStand(options);
  const drained: Drained[] = [];
  try {
    const warming = Math.max(...loads.map(({ jobs }) => jobs));
    await backlog(stand, { kind: short, jobs: warming }, speed * 10);
    stand.take();
    for (const load of loads) {
      await backlog(stand, load, speed);
      const { invocations } = useBy(stand.take(), 'work');
      const memoryGb = (invocations[0]?.memoryMb ?? 0) / 1024;
      const batches = Math.ceil(load.jobs / options.batchSize);
      drained.push({
        ...load,
        invocations: invocations.length,
        workerGbSeconds: gbSeconds(invocations),
        optimumGbSeconds: batches * (lastsMs(load.kind, speed) / 1e3) * memoryGb,
      });
    }
    return drained;
  } finally {
    await stand.close();
  }
};
