import { cancelJob } from '../generation/cancel-job.ts';
import { erase } from '../generation/erase.ts';
import { unlessErased } from '../generation/erased.ts';
import { isDeleted, nothingAt, type ReadDeps } from '../generation/read.ts';
import type { SubmitDeps } from '../generation/submit.ts';
import type { Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import type { CallbackDeps } from './callback.ts';
import { answerCallbackEndpoints, type CallbackEndpointDeps } from './callback-endpoints.ts';
import { tenantOf } from './caller.ts';
import { answerRedeliver } from './deliveries.ts';
import { type LedgerDeps, ledgerOf, loadOwn } from './job.ts';
import { responseOf } from './job-object.ts';
import { ownResponse, readableResponse } from './response.ts';
import { answerRetry } from './retry.ts';

type ControlDeps = SubmitDeps &
  ReadDeps &
  LedgerDeps &
  CallbackDeps &
  CallbackEndpointDeps &
  Pick<Deps, 'endpoints'>;

/** `POST /v1/responses/{id}/cancel`: idempotent; the response as it then is. */
const cancelResponse = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  const job = readableResponse(deps, await loadOwn(deps, request), request);
  return { status: 200, headers: {}, body: await responseOf(deps, await cancelJob(deps, job)) };
};

/** The key that a deleted job was asked for with may be used for another one. */
const releaseKey = async (deps: ControlDeps, { id, tenant, idempotency }: Job): Promise<void> => {
  if (idempotency === undefined) return;
  await deps.idempotencyKeys.release(tenant, idempotency.keyHash, id);
};

/** `DELETE /v1/responses/{id}`; asked again for one that is deleted, it makes up for what is left. */
const deleteResponse = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => {
  const found = await deps.jobs.load(request.pathParameters['id'] ?? '', 'strong');
  if (found?.tenant === tenantOf(request) && isDeleted(found)) await releaseKey(deps, found);
  const job = ownResponse(found, request);
  await erase(deps, job);
  await releaseKey(deps, job);
  return { status: 200, headers: {}, body: { id: job.id, object: 'response', deleted: true } };
};

/** `POST /jobs/{id}/cancel` */
const cancelOne = async (deps: ControlDeps, request: HttpRequest): Promise<HttpReply> => ({
  status: 200,
  headers: {},
  body: await ledgerOf(deps, await cancelJob(deps, await loadOwn(deps, request))),
});

/** Whatever changes a job that exists, and where callbacks go. Throws the Faults of its parts. */
export const answerControl = (
  deps: ControlDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  const id = request.pathParameters['id'] ?? '';
  const gone = () => nothingAt(id);
  return unlessErased(deps, id, gone, () => answerRoute(deps, request, signal));
};

const answerRoute = async (
  deps: ControlDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  switch (request.route) {
    case '/v1/responses/{id}':
      return deleteResponse(deps, request);
    case '/v1/responses/{id}/cancel':
      return cancelResponse(deps, request);
    case '/jobs/{id}/cancel':
      return cancelOne(deps, request);
    case '/jobs/{id}/retry':
      return answerRetry(deps, request);
    case '/jobs/{id}/redeliver':
      return answerRedeliver(deps, request);
    default:
      return answerCallbackEndpoints(deps, request, signal);
  }
};
