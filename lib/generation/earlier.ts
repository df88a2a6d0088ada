import { Fault } from '../errors.ts';
import { isEnded } from '../job/job.ts';
import { maxEarlierChars } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { isJsonObject, objectsOf } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import { expandPrevious } from '../wire/responses/previous.ts';
import type { ResponsesRequest } from '../wire/responses/request.ts';
import { parseStored } from '../wire/stored-request.ts';
import { unlessErased } from './erased.ts';
import { isDeleted, isExpired } from './read.ts';

const notFound = (id: string, why: string): Fault =>
  new Fault('not_found', `The previous response ${JSON.stringify(id)} ${why}.`, {
    param: 'previous_response_id',
  });

const tooLong = (id: string): Fault =>
  new Fault(
    'body_too_large',
    `The conversation up to the previous response ${JSON.stringify(id)} is too long to go on with.`,
    { param: 'previous_response_id' },
  );

/**
 * The conversation that `previous_response_id` stands for, as input for the upstream of this request:
 * only the tenant's own responses are looked at. Throws Fault `not_found` when there is none,
 * `invalid_value` when it has no result, and `body_too_large` when it has grown beyond `maxEarlierChars`.
 */
export const earlierConversation = async (
  deps: Pick<Deps, 'jobs' | 'content' | 'upstreams' | 'clock'>,
  request: ResponsesRequest,
  tenant: string,
): Promise<readonly JsonObject[]> => {
  const { previousResponseId: id, model = deps.upstreams.defaultModel } = request;
  if (id === undefined) return [];
  const job = await deps.jobs.load(id, 'strong');
  const isOwn = job?.tenant === tenant && job.api === 'responses';
  if (!isOwn || isDeleted(job) || isExpired(job, deps.clock.nowMs())) {
    throw notFound(id, 'does not exist');
  }
  if (job.unstored) throw notFound(id, 'was not stored');
  if (!isEnded(job) || job.final === undefined) {
    throw new Fault('invalid_value', `The previous response ${id} has no result (${job.status}).`, {
      param: 'previous_response_id',
    });
  }
  const { final: finished } = job;
  const gone = () => notFound(id, 'does not exist');
  const [asked, final] = await unlessErased(deps, id, gone, () =>
    Promise.all([deps.content.getRequest(job), deps.content.getFinal(job.id, finished)]),
  );
  const previous = parseStored(job.api, asked);
  if (previous.api !== 'responses' || !isJsonObject(final)) throw notFound(id, 'cannot be read');
  const conversation = {
    input: [...previous.earlier, ...previous.request.input],
    output: objectsOf(final['output']),
  };
  const protocol = deps.upstreams.route(model)[0]?.upstream.protocol ?? 'chat';
  const earlier = expandPrevious(conversation, protocol);
  if (JSON.stringify(earlier).length > maxEarlierChars) throw tooLong(id);
  return earlier;
};
