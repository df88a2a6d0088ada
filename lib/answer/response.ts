import { Fault } from '../errors.ts';
import { followJob } from '../generation/follow.ts';
import { isExpired, ownJob, type ReadDeps, readOn } from '../generation/read.ts';
import { isEnded, type Job } from '../job/job.ts';
import { resultWaitMaxMs } from '../limits.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { pollHeaders } from '../wire/job-reply.ts';
import { parsePrefer, preferenceApplied } from '../wire/prefer.ts';
import { inputItems } from '../wire/responses/input-items.ts';
import { pageOf, parseListQuery } from '../wire/responses/list.ts';
import { parseRetrieveQuery } from '../wire/responses/retrieve-query.ts';
import { parseStored } from '../wire/stored-request.ts';
import { tenantOf } from './caller.ts';
import { eventStream } from './event-stream.ts';
import { responseOf } from './job-object.ts';
import { responseFrames } from './response-frames.ts';
import { streamHeaders } from './stream.ts';

const idOf = (request: HttpRequest): string => request.pathParameters['id'] ?? '';

/** The tenant's own response. Throws Fault `not_found`. */
export const ownResponse = (job: Job | undefined, request: HttpRequest): Job => {
  const own = ownJob(job, idOf(request), tenantOf(request));
  return ownJob(own.api === 'responses' ? own : undefined, idOf(request), own.tenant);
};

/** As `ownResponse`, for one that may still be read. */
export const readableResponse = (
  { clock }: Pick<ReadDeps, 'clock'>,
  job: Job | undefined,
  request: HttpRequest,
): Job =>
  ownResponse(job !== undefined && isExpired(job, clock.nowMs()) ? undefined : job, request);

/** A job that put out nothing is streamed as created, in progress and ended. */
const lastNumberOf = (job: Job): number => (job.seq === 0 ? 2 : job.seq);

/**
 * Event n is the entry with sequence number n + 1, and one more is the event that ends the stream. A
 * job that has not ended may have shown its live reader more than is stored by now.
 */
const afterSeqOf = (job: Job, startingAfter: number | undefined): number => {
  if (startingAfter === undefined) return 0;
  if (isEnded(job) && startingAfter > lastNumberOf(job)) {
    throw new Fault(
      'invalid_value',
      `Invalid 'starting_after': the last event is ${lastNumberOf(job)}.`,
      { param: 'starting_after' },
    );
  }
  return startingAfter + 1;
};

/** `GET /v1/responses/{id}`: the response whatever its status, or its events, stored and to come. */
export const answerResponse = async (
  deps: ReadDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  const { stream, startingAfter } = parseRetrieveQuery(request.query);
  const { waitMs } = parsePrefer(request.headers['prefer'], resultWaitMaxMs);
  const job = readableResponse(deps, await deps.jobs.load(idOf(request), 'strong'), request);
  if (stream) {
    const afterSeq = afterSeqOf(job, startingAfter);
    const items = followJob(deps, job.id, { afterSeq }, signal);
    const events = eventStream(deps.clock, items, responseFrames(deps, afterSeq));
    return { status: 200, headers: streamHeaders, events };
  }
  const now = readableResponse(deps, await readOn(deps, job, waitMs ?? 0, signal), request);
  const preference = preferenceApplied({ respondAsync: false, waitMs });
  return {
    status: 200,
    headers: {
      ...pollHeaders(now, deps.clock.nowMs()),
      ...(preference === undefined ? {} : { 'preference-applied': preference }),
    },
    body: await responseOf(deps, now),
  };
};

/** `GET /v1/responses/{id}/input_items` */
export const answerInputItems = async (
  deps: ReadDeps,
  request: HttpRequest,
): Promise<HttpReply> => {
  const query = parseListQuery(request.query);
  const job = readableResponse(deps, await deps.jobs.load(idOf(request), 'strong'), request);
  const stored = parseStored(job.api, await deps.content.getRequest(job));
  const items = stored.api === 'responses' ? inputItems(stored.request.input, job.id) : [];
  return { status: 200, headers: {}, body: pageOf(items, query) };
};
