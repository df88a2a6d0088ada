import { Fault } from '../errors.ts';
import { wasErased } from '../generation/erased.ts';
import { isDeleted, isExpired, type ReadDeps } from '../generation/read.ts';
import type { Job } from '../job/job.ts';
import { shownStatus } from '../job/park.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { type ListQuery, listPage, parseListQuery } from '../wire/responses/list.ts';
import type { ResponseResource } from '../wire/responses/resource.ts';
import { tenantOf } from './caller.ts';
import { responseOf } from './job-object.ts';

/** As much of a list as is worth holding in memory; a page that is longer ends early. */
const maxPageChars = 4 * 1024 * 1024;
/** How many jobs are looked at together, at least: few have the status that is asked for. */
const glanceJobs = 100;
const readTogether = 4;
const responseId = /^resp_[\da-f]{1,64}$/;

/** A record that is damaged hides itself, and none of its neighbours. */
const glance = async (
  { jobs, log }: Pick<ReadDeps, 'jobs' | 'log'>,
  jobId: string,
): Promise<Job | undefined> => {
  try {
    return await jobs.load(jobId, 'eventual');
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'item_unreadable') throw error;
    log.warn('job.unreadable', { jobId, error });
    return undefined;
  }
};

/** The jobs that the page may show, one more than it holds when there are more. */
const shownJobs = async (
  deps: Pick<ReadDeps, 'jobs' | 'clock' | 'log'>,
  tenant: string,
  { limit, order, after, status }: ListQuery,
): Promise<readonly Job[]> => {
  const found: Job[] = [];
  const nowMs = deps.clock.nowMs();
  let from = after;
  while (found.length <= limit) {
    const pageLimit = status === undefined ? limit + 1 : glanceJobs;
    const page = { tenant, prefix: 'resp_', order, after: from, limit: pageLimit };
    const ids = await deps.jobs.list(page);
    const jobs = await Promise.all(ids.map((id) => glance(deps, id)));
    for (const job of jobs) {
      const shown = job !== undefined && !isDeleted(job) && !isExpired(job, nowMs) && !job.unstored;
      if (shown && (status === undefined || shownStatus(job) === status)) found.push(job);
    }
    from = ids.at(-1);
    if (ids.length < pageLimit || from === undefined) break;
  }
  return found.slice(0, limit + 1);
};

/** Undefined for one that was erased meanwhile. */
const resourceOf = async (deps: ReadDeps, job: Job): Promise<ResponseResource | undefined> => {
  try {
    return await responseOf(deps, job);
  } catch (error) {
    if (await wasErased(deps, job.id, error)) return undefined;
    throw error;
  }
};

/** `GET /v1/responses`: the tenant's own, newest first unless asked otherwise. */
export const answerResponseList = async (
  deps: ReadDeps,
  request: HttpRequest,
): Promise<HttpReply> => {
  const query = parseListQuery(request.query);
  if (query.after !== undefined && !responseId.test(query.after)) {
    throw new Fault('invalid_value', "Invalid 'after': expected the id of a response.", {
      param: 'after',
    });
  }
  const jobs = await shownJobs(deps, tenantOf(request), query);
  const resources: ResponseResource[] = [];
  let chars = 0;
  let looked = 0;
  while (looked < Math.min(jobs.length, query.limit) && chars < maxPageChars) {
    const together = jobs.slice(looked, Math.min(looked + readTogether, query.limit));
    const read = await Promise.all(together.map((job) => resourceOf(deps, job)));
    looked += together.length;
    for (const resource of read) {
      if (resource === undefined) continue;
      resources.push(resource);
      chars += JSON.stringify(resource).length;
    }
  }
  return { status: 200, headers: {}, body: listPage(resources, looked < jobs.length) };
};
