import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import { toEpochSeconds } from '../job/time.ts';
import { shortEvidence, shortGenerationMs, shortOutputTokens } from '../limits.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import { chatReader } from '../wire/chat/chat-reader.ts';
import { generateToChat } from '../wire/chat/generate-call.ts';
import { generateReader as generateFromChat } from '../wire/chat/generate-reader.ts';
import { chatCall } from '../wire/chat/request.ts';
import type { Production } from '../wire/production.ts';
import { responsesCall } from '../wire/responses/call.ts';
import { passThroughReader } from '../wire/responses/events.ts';
import { generateReader as generateFromResponses } from '../wire/responses/generate-reader.ts';
import { ownFields, resourceDefaults, responseResource } from '../wire/responses/resource.ts';
import type { StoredRequest } from '../wire/stored-request.ts';
import { generateToResponses } from '../wire/translate/generate-to-responses.ts';
import { toChat } from '../wire/translate/to-chat.ts';
import { translateReader } from '../wire/translate/translate-reader.ts';
import type { Task } from './attempt.ts';

type Choice = { readonly upstream: UpstreamServer; readonly model: string };

const choicesOf = (deps: Pick<Deps, 'upstreams'>, job: Pick<Job, 'model'>): readonly Choice[] =>
  deps.upstreams.route(job.model);

/** The upstream of the job's last attempt; undefined when it is not configured any more. */
export const upstreamOf = (deps: Pick<Deps, 'upstreams'>, job: Job): UpstreamServer | undefined => {
  const name = job.ledger.at(-1)?.upstream;
  return name === undefined ? undefined : deps.upstreams.named(name);
};

/** What the ledger calls it, and the model it is asked for. */
export const choiceOf = (
  deps: Pick<Deps, 'upstreams'>,
  job: Pick<Job, 'model' | 'choice'>,
): { readonly upstream: string; readonly model: string } => {
  const choice = choicesOf(deps, job)[job.choice ?? 0];
  return { upstream: choice?.upstream.name ?? 'unknown', model: choice?.model ?? job.model };
};

const isShort = (stored: StoredRequest): boolean =>
  (stored.request.maxOutputTokens ?? Number.POSITIVE_INFINITY) <= shortOutputTokens;

/**
 * Whether the generation could be one that goes on without us. Not where nothing may be stored, and
 * not where the client gets every piece at once and can resume nothing.
 */
export const canResume = (
  { protocol, adoptable }: UpstreamServer,
  { api }: Pick<StoredRequest, 'api'>,
  { unstored, live }: Pick<Job, 'unstored' | 'live'>,
): boolean => api !== 'chat' && protocol === 'responses' && adoptable && !unstored && !live;

/** It runs within its own call, and all but few of those alike are over long before the wait is. */
const isPredictedShort = ({ status, admission }: Job): boolean => {
  const { predictedMs = Number.POSITIVE_INFINITY, observed = 0, waitMs = 0 } = admission;
  if (status !== 'in_progress' || observed < shortEvidence) return false;
  return predictedMs <= Math.min(shortGenerationMs, waitMs / 2);
};

/** Whether it is to be one: not where it is over before that helps. */
const isResumable = ({ upstream }: Choice, job: Job, stored: StoredRequest): boolean => {
  if (!canResume(upstream, stored, job)) return false;
  if (job.upstreamId !== undefined || job.admission.decision === 'queued') return true;
  return !isShort(stored) && !isPredictedShort(job);
};

const produce = (
  { upstream, model }: Choice,
  job: Job,
  stored: StoredRequest,
  background: boolean,
): Production => {
  if (stored.api === 'generate') {
    return upstream.protocol === 'chat'
      ? { call: generateToChat(stored.request, model), begin: () => generateFromChat(model) }
      : {
          call: generateToResponses(stored.request, { model, background }),
          begin: generateFromResponses,
        };
  }
  if (stored.api === 'chat') {
    const { request } = stored;
    const createdAt = toEpochSeconds(job.createdAtMs);
    const { includeUsage } = request;
    return {
      call: chatCall(request, model),
      begin: () => chatReader({ id: job.id, model, createdAt, includeUsage }),
    };
  }
  const { request, earlier } = stored;
  return upstream.protocol === 'responses'
    ? {
        call: responsesCall(request, { model, earlier, background }),
        begin: () => passThroughReader(ownFields(job, request), resourceDefaults(job, request)),
      }
    : {
        call: toChat(request, { model, earlier }),
        begin: () =>
          translateReader({
            jobId: job.id,
            // The attempt that is to come: ids of items are its own.
            attempt: job.status === 'queued' ? job.attempt + 1 : job.attempt,
            model,
            snapshot: () => responseResource({ ...job, status: 'in_progress' }, request),
          }),
      };
};

/**
 * What the job's next attempt does. Throws Faults `invalid_value` for what its upstream cannot be
 * asked for, and `upstream_lost` when none answers its model any more.
 */
export const planTask = (deps: Pick<Deps, 'upstreams'>, job: Job, stored: StoredRequest): Task => {
  const choices = choicesOf(deps, job);
  const at = job.choice ?? 0;
  const choice = choices[at];
  if (choice === undefined) {
    throw new Fault('upstream_lost', `No model server is configured for ${job.model} any more.`);
  }
  const resumable = isResumable(choice, job, stored);
  return {
    upstream: choice.upstream,
    production: produce(choice, job, stored, resumable),
    resumable,
    hasFallback: at + 1 < choices.length,
    maxOutputTokens: stored.request.maxOutputTokens,
  };
};
