import { Fault } from '../errors.ts';
import { resultWaitMaxMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { generationObject } from '../wire/generation-object.ts';
import { generationReply } from '../wire/generation-reply.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { parsePrefer, preferenceApplied } from '../wire/prefer.ts';
import { checkResultUrl, resultUrl } from '../wire/result-url.ts';
import { readResult } from './read.ts';

type AnswerDeps = Pick<Deps, 'jobs' | 'content' | 'signingKeys' | 'clock' | 'log'>;

/**
 * `GET /results/{id}`: 202 while the job is pending, with its output so far; 200 once it has ended,
 * failed ones included. Throws Fault `invalid_signature` or `result_expired` before anything is
 * looked up, then `not_found`.
 */
export const answerResult = async (
  deps: AnswerDeps,
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
  const preferences = parsePrefer(request.headers['prefer'], resultWaitMaxMs);
  const view = await readResult(deps, id, preferences.waitMs ?? 0, signal);
  const { job } = view;
  const [key] = keys;
  if (key === undefined) throw new Fault('item_unreadable', 'There is no key to sign with.');
  const url = resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, key);
  const parts = view.kind === 'finished' ? view.final : { partialText: view.partialText };
  const { waitMs } = preferences;
  return generationReply(
    generationObject(job, { resultUrl: url, nowMs: deps.clock.nowMs(), ...parts }),
    preferenceApplied({ respondAsync: false, waitMs }),
  );
};
