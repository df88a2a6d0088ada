import { Fault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { type Evidence, evidenceOfFault, type UpstreamUse } from '../upstream-health/evidence.ts';

/** The call of a job's present attempt, as it counts for its upstream's health. */
export const useOf = (job: LiveJob, upstream: string): UpstreamUse => {
  const { model = job.model, startedAtMs = job.createdAtMs } = job.ledger.at(-1) ?? {};
  const isRetry = job.upstreamId === undefined && job.ledger.at(-2)?.outcome === 'requeued';
  return { upstream, model, startedAtMs, isRetry };
};

/** What an attempt that was not finished tells; a stop from outside tells nothing. */
export const evidenceOf = (thrown: unknown): Evidence =>
  thrown instanceof Fault ? evidenceOfFault(thrown.code) : 'unproven';

/**
 * What one attempt tells of its upstream: once that it answers, and once how it ended. The quick
 * repetition belongs to the attempt.
 */
export const witness = (deps: Pick<Deps, 'health'>, use: UpstreamUse) => {
  let hasAnswered = false;
  let hasRepeated = false;
  let end: Evidence | undefined;
  let told: Promise<void> | undefined;
  const tell = (evidence: Evidence): Promise<void> =>
    deps.health.report({ ...use, isRetry: use.isRetry || hasRepeated, hasAnswered }, evidence);
  return {
    answered: async (): Promise<void> => {
      if (hasAnswered) return;
      hasAnswered = true;
      await deps.health.report(use, 'answered');
    },
    /** Of several ends the first counts: what follows is ours. A good one is told at once. */
    ended: (evidence: Evidence): void => {
      end ??= evidence;
      if (end === 'finished') told ??= tell(end);
    },
    /** Somebody else ended the job, who may have stopped the generation too: a bad end tells nothing. */
    superseded: (): void => {
      end = 'unproven';
    },
    /** Resolves when its end is told. */
    report: (): Promise<void> => told ?? tell(end ?? 'unproven'),
    /** Whether the call may be repeated at once. */
    mayRepeat: async (): Promise<boolean> => {
      const { kind } = await deps.health.mayCall(use.upstream, use.model, 'retry');
      hasRepeated = kind === 'go';
      return hasRepeated;
    },
  };
};
export type Witness = ReturnType<typeof witness>;
