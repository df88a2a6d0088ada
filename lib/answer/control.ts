import { Fault } from '../errors.ts';
import { cancelJob } from '../generation/cancel-job.ts';
import { erase } from '../generation/erase.ts';
import { unlessErased } from '../generation/erased.ts';
import { nothingAt, type ReadDeps } from '../generation/read.ts';
import { acceptSubmission, type SubmitDeps } from '../generation/submit.ts';
import { isEnded, type Job } from '../job/job.ts';
import { repeat } from '../job/rest.ts';
import type { Deps } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { pollHeaders } from '../wire/job-reply.ts';
import { parseRequestTimes } from '../wire/request-headers.ts';
import { parseStored } from '../wire/stored-request.ts';
import { ledgerOf, loadOwn } from './job.ts';
import { responseOf } from './job-object.ts';
import { ownResponse } from './response.ts';

type ControlDeps = SubmitDeps & ReadDeps & Pick<Deps, 'signingKeys'>;

/** `POST /v1/responses/{id}/cancel`: idempotent; the response as it then is. */
const cancelResponse = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  const job = ownResponse(await loadOwn(deps, request), request);
  return { status: 200, headers: {}, body: await responseOf(deps, await cancelJob(deps, job)) };
};

/** `DELETE /v1/responses/{id}` */
const deleteResponse = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  const job = ownResponse(await loadOwn(deps, request), request);
  await erase(deps, job);
  return { status: 200, headers: {}, body: { id: job.id, object: 'response', deleted: true } };
};

/** `POST /jobs/{id}/cancel` */
const cancelOne = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => ({
  status: 200,
  headers: {},
  body: await ledgerOf(deps, await cancelJob(deps, await loadOwn(deps, request))),
});

/** The job that repeats `job`, as it is asked for by this request. */
const acceptRepetition = async (
  deps: ControlDeps,
  request: HttpRequest,
  job: Job,
  id: string,
): Promise<Job> => {
  const accepted = await acceptSubmission(deps, {
    id,
    stored: parseStored(job.api, await deps.content.getRequest(job)),
    tenant: job.tenant,
    resultBaseUrl: job.resultBaseUrl,
    respondAsync: true,
    waitMs: 0,
    ...parseRequestTimes(request.headers),
    ...(job.background ? { background: true } : {}),
    ...(job.unstored ? { unstored: true } : {}),
    previousResponseId: job.previousResponseId,
    retryOf: job.id,
  });
  return accepted.job;
};

/** The job whose id is on record as the one that repeats `job`: made now if nobody has. */
const repetition = async (
  deps: ControlDeps,
  request: HttpRequest,
  job: Job,
  id: string,
): Promise<Job> => {
  const made = await deps.jobs.load(id, 'strong');
  if (made !== undefined) return made;
  try {
    return await acceptRepetition(deps, request, job, id);
  } catch (fault) {
    // The same request at the same time may have made it first.
    const others = await deps.jobs.load(id, 'strong');
    if (others !== undefined) return others;
    throw fault;
  }
};

/**
 * `POST /jobs/{id}/retry`: a failed job is repeated as a new one, once; asked again, the answer is
 * that one. Throws Fault `invalid_value` for a job that has not failed.
 */
const retryJob = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  const job = await loadOwn(deps, request);
  if (job.status !== 'failed' || !isEnded(job)) {
    throw new Fault(
      'invalid_value',
      `Only a failed job can be retried; this one is ${job.status}.`,
    );
  }
  const newId = `${job.id.slice(0, job.id.indexOf('_') + 1)}${deps.ids.next()}`;
  const outcome = await deps.jobs.write(repeat(job, newId));
  const now = outcome.kind === 'written' ? outcome.job : await loadOwn(deps, request);
  const id = now.retriedAs;
  if (id === undefined) {
    throw new Fault('store_unavailable', 'The retry could not be recorded.', {
      retryAfterMs: 2_000,
    });
  }
  const made = await repetition(deps, request, job, id);
  const location = `${made.resultBaseUrl}/jobs/${made.id}`;
  return {
    status: 202,
    headers: { location, ...pollHeaders(made, deps.clock.nowMs()) },
    body: await ledgerOf(deps, made),
  };
};

/** Whatever changes a job that exists. Throws the Faults of its parts. */
export const answerControl = (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  const id = request.pathParameters['id'] ?? '';
  const gone = () => nothingAt(id);
  return unlessErased(deps, id, gone, () => answerRoute(deps, request));
};

const answerRoute = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  switch (request.route) {
    case '/v1/responses/{id}':
      return deleteResponse(deps, request);
    case '/v1/responses/{id}/cancel':
      return cancelResponse(deps, request);
    case '/jobs/{id}/cancel':
      return cancelOne(deps, request);
    case '/jobs/{id}/retry':
      return retryJob(deps, request);
    default:
      throw new Fault('not_found', `There is nothing at ${request.path}.`);
  }
};
