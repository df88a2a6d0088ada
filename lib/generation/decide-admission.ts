import { type Admission, admitByDuration, admitByPreference } from '../job/admit.ts';
import type { Deps } from '../ports.ts';
import type { Submission } from './submit.ts';
import { canResume } from './task.ts';

type AdmissionDeps = Pick<Deps, 'upstreams' | 'durations' | 'admitUnseen'>;

/**
 * Whether what is asked for is to be generated within its own call, by its first choice of upstream.
 * Reads what is known of durations only where that counts.
 */
export const decideAdmission = async (
  deps: AdmissionDeps,
  submission: Submission,
): Promise<Admission> => {
  const { stored, live = false, unstored = false, waitMs } = submission;
  const decided = admitByPreference({ ...submission, live });
  if (decided !== undefined) return decided;
  const { model = deps.upstreams.defaultModel, maxOutputTokens } = stored.request;
  const [first] = deps.upstreams.route(model);
  if (first === undefined) return { decision: 'queued', why: 'no model server answers its model' };
  const { upstream, model: upstreamModel } = first;
  return admitByDuration({
    waitMs,
    expected: await deps.durations.expected(upstream.name, upstreamModel, maxOutputTokens),
    resumable: canResume(upstream, stored, { live, unstored }),
    unseen: deps.admitUnseen,
  });
};
