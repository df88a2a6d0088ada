import { Fault } from '../errors.ts';
import type { Admission } from '../job/admit.ts';
import { createJob } from '../job/create.ts';
import type { Job, LiveJob } from '../job/job.ts';
import { after } from '../job/time.ts';
import { estimatedTokens } from '../job/token-estimate.ts';
import type { Deps } from '../ports.ts';
import { inputChars } from '../wire/metering.ts';
import { matchesModel } from '../wire/model-pattern.ts';
import type { Rates } from '../wire/rates.ts';
import type { StoredRequest } from '../wire/stored-request.ts';
import type { TenantLimits } from '../wire/tenant-limits.ts';
import type { Task } from './attempt.ts';
import { choiceOf, planTask } from './task.ts';

export type SubmitDeps = Pick<
  Deps,
  | 'jobs'
  | 'content'
  | 'idempotencyKeys'
  | 'queue'
  | 'deliveryQueue'
  | 'tenantCounts'
  | 'tenantTurns'
  | 'knownLimits'
  | 'upstreams'
  | 'health'
  | 'durations'
  | 'admitUnseen'
  | 'records'
  | 'clock'
  | 'ids'
  | 'log'
>;

/** An `Idempotency-Key` as it is kept, and what it was sent with. */
export type RequestKey = {
  readonly keyHash: string;
  readonly fingerprint: string;
  /** Called when the answer will be of a job that another request with the key has made. */
  readonly onReplay: () => void;
};

export type Submission = {
  readonly stored: StoredRequest;
  readonly tenant: string;
  readonly resultBaseUrl: string;
  readonly respondAsync: boolean;
  /** How long the reply may be held. */
  readonly waitMs: number;
  readonly deadlineMs: number;
  readonly resultTtlMs: number;
  /** Every piece goes to the client as it comes, and it can resume nothing. */
  readonly live?: boolean;
  /** It was not asked for live, but is streamed to the client from the table. */
  readonly followed?: boolean;
  /** Its client takes 202 for an answer, so that it can have one at any time. */
  readonly takesPending?: boolean;
  readonly background?: boolean;
  readonly unstored?: boolean;
  readonly previousResponseId?: string | undefined;
  readonly retryOf?: string;
  /** Where its end is to be told. */
  readonly callback?: Job['callback'];
  /** The tenant has endpoints that may have to be told of it. */
  readonly notify?: boolean;
  /** Of the tenant; it is charged where they say so. */
  readonly limits?: TenantLimits;
  /** Told what is left of them. */
  readonly rates?: Rates;
  /** The request's `Idempotency-Key`, should it have one. */
  readonly key?: RequestKey;
  /** The job that the key was found to stand for: nothing is created. */
  readonly attachTo?: Job;
};

const prefixes = { generate: 'gen_', responses: 'resp_', chat: 'chatcmpl_' } as const;

export const newJobId = (deps: Pick<Deps, 'ids'>, api: Job['api']): string =>
  `${prefixes[api]}${deps.ids.next()}`;

/** A job that was accepted, and what its inline attempt does if it is to have one here. */
export type Accepted = {
  readonly kind: 'accepted';
  readonly job: LiveJob;
  readonly task: Task;
  /** Too many wait already: the reply is not held. */
  readonly unheld?: true;
};

const mustBeAllowed = (model: string, patterns: readonly string[] | undefined): void => {
  if (patterns === undefined || patterns.some((pattern) => matchesModel(pattern, model))) return;
  throw new Fault(
    'model_not_allowed',
    `The model ${JSON.stringify(model)} is not open to this API key's tenant. Ask the operator to allow it.`,
    { param: 'model' },
  );
};

/**
 * The job that `submission` asks for, before it is recorded.
 * Throws Faults `invalid_value` for what no upstream can be asked, and `model_not_allowed`.
 */
export const draftJob = (
  deps: Pick<Deps, 'upstreams' | 'ids' | 'clock'>,
  submission: Submission,
  id: string,
  admission: Admission,
): Accepted => {
  const { stored, live, background, unstored, retryOf } = submission;
  const { model = deps.upstreams.defaultModel, metadata } = stored.request;
  mustBeAllowed(model, submission.limits?.models);
  const first = choiceOf(deps, { model });
  const nowMs = deps.clock.nowMs();
  const isWaitedFor = admission.decision === 'queued' && submission.waitMs > 0;
  const job = createJob({
    id,
    api: stored.api,
    tenant: submission.tenant,
    model,
    metadata,
    resultBaseUrl: submission.resultBaseUrl,
    upload: deps.ids.nonce(),
    requestChunks: 0,
    inputTokens: estimatedTokens(inputChars(stored)),
    admission,
    live,
    background,
    unstored,
    retryOf,
    previousResponseId: submission.previousResponseId,
    callback: submission.callback,
    ...(submission.notify ? { notify: true } : {}),
    upstream: first.upstream,
    upstreamModel: first.model,
    ...(isWaitedFor ? { awaitedUntilMs: after(nowMs, submission.waitMs) } : {}),
    nowMs,
    deadlineMs: submission.deadlineMs,
    resultTtlMs: submission.resultTtlMs,
  });
  return { kind: 'accepted', job, task: planTask(deps, job, stored) };
};
