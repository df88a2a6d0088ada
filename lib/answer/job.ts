import { ownJob, type ReadDeps } from '../generation/read.ts';
import type { Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { jobLedger } from '../wire/job-ledger.ts';
import { resultUrl } from '../wire/result-url.ts';
import { signingKey, tenantOf } from './caller.ts';

/** The tenant's own job that the path names. Throws Fault `not_found`. */
export const loadOwn = async (deps: Pick<ReadDeps, 'jobs'>, request: HttpRequest): Promise<Job> => {
  const id = request.pathParameters['id'] ?? '';
  return ownJob(await deps.jobs.load(id, 'strong'), id, tenantOf(request));
};

export type LedgerDeps = Pick<Deps, 'signingKeys' | 'deliveries'>;

/** A job's ledger, with a fresh result URL. */
export const ledgerOf = async (deps: LedgerDeps, job: Job) => {
  const [key, deliveries] = await Promise.all([signingKey(deps), deps.deliveries.ofJob(job.id)]);
  const url = resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, key);
  return jobLedger(job, url, deliveries);
};

/** `GET /jobs/{id}`: the ledger. */
export const answerJob = async (
  deps: LedgerDeps & Pick<Deps, 'jobs'>,
  request: HttpRequest,
): Promise<HttpReply> => ({
  status: 200,
  headers: {},
  body: await ledgerOf(deps, await loadOwn(deps, request)),
});
