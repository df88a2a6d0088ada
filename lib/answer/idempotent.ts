import { createHash } from 'node:crypto';
import { Fault } from '../errors.ts';
import { findByKey } from '../generation/request-key.ts';
import type { Submission, SubmitDeps } from '../generation/submit.ts';
import { errorBody } from '../wire/error-body.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { parseIdempotencyKey } from '../wire/idempotency-key.ts';
import { requestFingerprint } from '../wire/request-fingerprint.ts';
import { tenantOf } from './caller.ts';

/** What a request's key adds to what it asks for; nothing without one. */
export type Keyed = Pick<Submission, 'key' | 'attachTo'>;

/** Whatever a job that was accepted asks for was judged then. */
const asAccepted: HttpRequest['limits'] = { upstreamObjects: true };

/** An answer that is there no more will not come back: OpenAI's clients need not ask again. */
const goneReply = (fault: Fault): HttpReply => ({
  status: fault.reported.status,
  headers: { 'x-should-retry': 'false' },
  body: errorBody(fault),
});

/**
 * Answers a request that creates a job, once for each `Idempotency-Key`: a repetition is given the job
 * of the first, and its reply says so by `Idempotent-Replayed: true`. The key is looked up before
 * anything else, since what is refused now may have been accepted then; for the same reason a
 * repetition reaches `answer` without the limits that its tenant has by now. Throws Faults
 * `invalid_value` for a malformed key, `idempotency_key_reused`, and those of `answer`.
 */
export const idempotently = async (
  deps: SubmitDeps,
  request: HttpRequest,
  answer: (request: HttpRequest, keyed: Keyed) => Promise<HttpReply>,
): Promise<HttpReply> => {
  const key = parseIdempotencyKey(request.headers['idempotency-key']);
  if (key === undefined) return answer(request, {});
  let replayed = false;
  const own = {
    keyHash: createHash('sha256').update(key).digest('hex'),
    fingerprint: requestFingerprint(request),
    onReplay: () => {
      replayed = true;
    },
  };
  const carryOut = async (): Promise<HttpReply> => {
    try {
      const attachTo = await findByKey(deps, tenantOf(request), own);
      return attachTo === undefined
        ? await answer(request, { key: own })
        : await answer({ ...request, limits: asAccepted }, { key: own, attachTo });
    } catch (fault) {
      const isGone = fault instanceof Fault && fault.code === 'result_expired';
      if (replayed && isGone) return goneReply(fault);
      throw fault;
    }
  };
  const reply = await carryOut();
  return replayed
    ? { ...reply, headers: { ...reply.headers, 'idempotent-replayed': 'true' } }
    : reply;
};
