import { leave } from '../job/rest.ts';
import type { Attempt, RunDeps } from './attempt.ts';
import { isDeleted } from './read.ts';

/**
 * The job was cancelled under this attempt: what it had put out and not stored is left with the job,
 * and what it took, so that its client reads what was paid for. Nothing else of an ended job is
 * touched; what fails is logged, and lost.
 */
export const leaveOutput = async (
  deps: RunDeps,
  { lease, transcript, meter }: Attempt,
): Promise<void> => {
  const { id, attempt, owner } = lease.job;
  try {
    const now = await deps.jobs.load(id, 'strong');
    if (now?.status !== 'cancelled' || now.attempt !== attempt || now.owner !== owner) return;
    if (isDeleted(now)) return;
    const pending = now.unstored ? undefined : transcript.pending();
    const chunk = pending?.first === now.seq + 1 ? pending : undefined;
    if (chunk !== undefined) await deps.content.putChunk(id, chunk, now.resultExpiresAtMs);
    await deps.jobs.write(leave(now, chunk, meter.spent()));
  } catch (error) {
    deps.log.warn('output.lost', { jobId: id, error });
  }
};
