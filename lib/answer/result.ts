import { Fault } from '../errors.ts';
import { type ReadDeps, readResult } from '../generation/read.ts';
import { resultWaitMaxMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { jobReply } from '../wire/job-reply.ts';
import { parsePrefer, preferenceApplied } from '../wire/prefer.ts';
import { checkResultUrl, resultUrl } from '../wire/result-url.ts';
import { signingKey } from './caller.ts';
import { jobObject } from './job-object.ts';

/**
 * `GET /results/{id}`: 202 while the job is pending, with its output so far; 200 once it has ended,
 * failed ones included. Throws Fault `invalid_signature` or `result_expired` before anything is
 * looked up, then `not_found`.
 */
export const answerResult = async (
  deps: ReadDeps & Pick<Deps, 'signingKeys'>,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  const id = request.pathParameters['id'] ?? '';
  const keys = await deps.signingKeys.current();
  const verdict = checkResultUrl(id, request.query, keys, deps.clock.nowMs());
  if (verdict === 'invalid') {
    throw new Fault(
      'invalid_signature',
      'The signature of this result URL is not valid. Use the URL exactly as it was given.',
    );
  }
  if (verdict === 'expired') {
    throw new Fault('result_expired', 'This result has expired and can no longer be read.');
  }
  const { waitMs } = parsePrefer(request.headers['prefer'], resultWaitMaxMs);
  const view = await readResult(deps, id, waitMs ?? 0, signal);
  const { job } = view;
  const url = resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, await signingKey(deps));
  return jobReply(job, await jobObject(deps, view, url), {
    location: url,
    nowMs: deps.clock.nowMs(),
    preference: preferenceApplied({ respondAsync: false, waitMs }),
  });
};
