import { erase } from '../generation/erase.ts';
import type { StreamItem } from '../generation/follow.ts';
import type { SubmitDeps } from '../generation/submit.ts';
import { mayOwe } from '../job/callback.ts';
import type { Job } from '../job/job.ts';

/**
 * What was not to be stored goes as soon as it was answered; what stays the sweep erases. Whoever is
 * called back has till then to read it.
 */
export const forgetUnstored = async (deps: SubmitDeps, job: Job): Promise<void> => {
  if (mayOwe(job)) return;
  try {
    await erase(deps, job);
  } catch (error) {
    deps.log.warn('job.kept', { jobId: job.id, error });
  }
};

/** The same for a job that is streamed: once its end was told. */
export async function* forgettingUnstored(
  deps: SubmitDeps,
  items: AsyncGenerator<StreamItem>,
): AsyncGenerator<StreamItem> {
  for await (const item of items) {
    yield item;
    if (item.kind === 'ended') await forgetUnstored(deps, item.job);
  }
}
