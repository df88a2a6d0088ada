import { ownJob, type ReadDeps } from '../generation/read.ts';
import type { Job } from '../job/job.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { jobLedger } from '../wire/job-ledger.ts';
import { tenantOf } from './caller.ts';

/** The tenant's own job that the path names. Throws Fault `not_found`. */
export const loadOwn = async (deps: Pick<ReadDeps, 'jobs'>, request: HttpRequest): Promise<Job> => {
  const id = request.pathParameters['id'] ?? '';
  return ownJob(await deps.jobs.load(id, 'strong'), id, tenantOf(request));
};

/** `GET /jobs/{id}`: the ledger. */
export const answerJob = async (
  deps: Pick<ReadDeps, 'jobs'>,
  request: HttpRequest,
): Promise<HttpReply> => ({
  status: 200,
  headers: {},
  body: jobLedger(await loadOwn(deps, request)),
});
