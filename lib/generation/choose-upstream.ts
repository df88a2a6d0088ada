import { Fault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import { deferProbedMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { StoredRequest } from '../wire/stored-request.ts';
import type { Task } from './attempt.ts';
import { type Permit, permit } from './permit.ts';
import { planTask } from './task.ts';

type ChooseDeps = Pick<Deps, 'upstreams' | 'health' | 'clock'>;

type Draft = { readonly job: LiveJob; readonly task: Task };

const minRetryAfterMs = 1_000;

const allFailing = (afterMs: number): Fault => {
  const retryAfterMs = Math.max(minRetryAfterMs, afterMs);
  return new Fault(
    'upstream_unavailable',
    `The model server keeps failing, so it is not asked at the moment. Try again in ${Math.ceil(retryAfterMs / 1000)} s, or send the request with Prefer: respond-async to have it wait.`,
    { retryAfterMs },
  );
};

/** The draft at another choice; undefined when that upstream cannot be asked for this. */
const draftAt = <T extends Draft>(
  deps: ChooseDeps,
  draft: T,
  stored: StoredRequest,
  choice: number,
  target: { readonly upstream: string; readonly model: string },
): T | undefined => {
  if (choice === 0) return draft;
  const ledger = draft.job.ledger.map((record) => ({ ...record, ...target }));
  const job = { ...draft.job, choice, ledger };
  try {
    return { ...draft, job, task: planTask(deps, job, stored) };
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
};

const choose = async <T extends Draft>(
  deps: ChooseDeps,
  draft: T,
  stored: StoredRequest,
): Promise<{ readonly chosen: T; readonly permit?: Permit }> => {
  if (draft.job.status === 'queued') return { chosen: draft };
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const [choice, { upstream, model }] of deps.upstreams.route(draft.job.model).entries()) {
    const target = { upstream: upstream.name, model };
    const chosen = draftAt(deps, draft, stored, choice, target);
    if (chosen === undefined) continue;
    const passage = await deps.health.mayCall(upstream.name, model, 'first');
    if (passage.kind === 'go') return { chosen, permit: permit(deps, target, passage.taken) };
    const probedMs = passage.isProbed ? deferProbedMs : 0;
    soonestMs = Math.min(soonestMs, passage.untilMs + probedMs - deps.clock.nowMs());
  }
  throw allFailing(soonestMs);
};

/**
 * Has `make` record a job that is to be generated at once for the first of its upstreams whose circuit is
 * not open. Throws Fault `upstream_unavailable` when there is none, with the time when one is tried again,
 * and as `make` does. A job that is queued anyway waits as its worker finds it.
 */
export const atOpenUpstream = async <T extends Draft, Made extends { readonly kind: string }>(
  deps: ChooseDeps,
  draft: T,
  stored: StoredRequest,
  make: (chosen: T) => Promise<Made>,
): Promise<Made> => {
  const { chosen, permit: given } = await choose(deps, draft, stored);
  try {
    const made = await make(chosen);
    if (made.kind === 'accepted') given?.used();
    return made;
  } finally {
    await given?.giveBack();
  }
};
