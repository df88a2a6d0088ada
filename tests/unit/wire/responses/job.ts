import { type Job, parseJob } from '../../../../lib/job/job.ts';

export const createdAtMs = 1_800_000_000_500;

/** A job of the Responses API, in progress unless the fields say otherwise. */
export const responsesJob = (fields: Record<string, unknown> = {}): Job =>
  parseJob({
    v: 1,
    id: 'resp_0a1b',
    api: 'responses',
    tenant: 'local',
    model: 'gpt-5',
    resultBaseUrl: 'https://api.test',
    createdAtMs,
    deadlineAtMs: createdAtMs + 3_600_000,
    resultExpiresAtMs: createdAtMs + 90_000_000,
    admission: { decision: 'inline', why: 'default' },
    attempt: 1,
    owner: 'owner',
    writeNo: 3,
    leaseExpiresAtMs: createdAtMs + 45_000,
    epoch: 1,
    strikes: 1,
    notBeforeMs: 0,
    segments: [],
    seq: 0,
    upload: 'nonce',
    requestChunks: 1,
    ledger: [],
    status: 'in_progress',
    ...fields,
  });

export const endedResponsesJob = (status: string, fields: Record<string, unknown> = {}): Job =>
  responsesJob({ status, endedAtMs: createdAtMs + 2_000, ...fields });
