import { describe, expect, it } from 'vitest';
import { parseJob } from '../../../lib/job/job.ts';
import { epochMs } from '../../../lib/job/time.ts';
import { parseFinalGeneration } from '../../../lib/wire/final-generation.ts';
import { generationObject } from '../../../lib/wire/generation-object.ts';

const createdAtMs = epochMs(1_800_000_000_500);
const job = (fields: Record<string, unknown>) =>
  parseJob({
    v: 1,
    id: 'gen_1',
    api: 'generate',
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
const ended = (status: string, fields: Record<string, unknown> = {}) =>
  job({ status, endedAtMs: createdAtMs + 2_000, ...fields });
const parts = {
  resultUrl: 'https://api.test/results/gen_1?x',
  nowMs: epochMs(createdAtMs + 5_000),
};
const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
const error = {
  message: 'It stalled.',
  type: 'upstream_error',
  param: null,
  code: 'upstream_stalled',
  httpStatus: 502,
};

describe('the generation object', () => {
  it('of a completed job holds the text and what it cost, in whole seconds', () => {
    const final = { text: 'Hello', finishReason: 'stop', model: 'gpt-5-2027' } as const;
    expect(
      generationObject(
        ended('completed', { answeredBy: 'gpt-5-2027', usage, metadata: { a: 'b' } }),
        { ...parts, ...final },
      ),
    ).toEqual({
      id: 'gen_1',
      object: 'generation',
      status: 'completed',
      model: 'gpt-5-2027',
      text: 'Hello',
      usage,
      attempts: 1,
      error: null,
      incomplete_details: null,
      metadata: { a: 'b' },
      created_at: 1_800_000_000,
      completed_at: 1_800_000_002,
      result_url: parts.resultUrl,
    });
  });

  it('of a pending job holds no text', () => {
    const object = generationObject(job({ status: 'queued', attempt: 0 }), parts);
    expect(object).not.toHaveProperty('text');
    expect(object).not.toHaveProperty('partial_text');
    expect(object).toMatchObject({
      status: 'queued',
      completed_at: null,
      progress: { elapsed_ms: 5_000, attempt: 0 },
    });
  });

  it('of a pending job shows the output that was read, in characters', () => {
    const object = generationObject(job({}), { ...parts, partialText: 'a😀' });
    expect(object).toMatchObject({ partial_text: 'a😀', progress: { output_characters: 2 } });
  });

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)('of an incomplete job gives the reason: %s', (finishReason, reason) => {
    const object = generationObject(ended('incomplete'), { ...parts, text: 'Hel', finishReason });
    expect(object).toMatchObject({ text: 'Hel', incomplete_details: { reason } });
  });

  it('of a failed job says why, without the HTTP status, and keeps the earlier output', () => {
    const object = generationObject(ended('failed', { error }), { ...parts, partialText: 'Hel' });
    expect(object).toMatchObject({ text: null, partial_text: 'Hel' });
    expect(object.error).toEqual({
      message: 'It stalled.',
      type: 'upstream_error',
      param: null,
      code: 'upstream_stalled',
    });
    expect(object).not.toHaveProperty('progress');
  });

  it('of a cancelled job without output has no partial text', () => {
    const object = generationObject(ended('cancelled'), { ...parts, partialText: '' });
    expect(object).not.toHaveProperty('partial_text');
  });

  it('a clock that runs behind never shows a negative time', () => {
    const object = generationObject(job({}), { ...parts, nowMs: epochMs(createdAtMs - 50) });
    expect(object.progress?.elapsed_ms).toBe(0);
  });
});

describe('the stored final object', () => {
  it('is read as it was written', () => {
    const final = { text: 'Hello', finishReason: 'stop', model: 'gpt-5' };
    expect(parseFinalGeneration(JSON.parse(JSON.stringify(final)))).toEqual(final);
  });

  it('that is damaged is a Fault', () => {
    expect(() => parseFinalGeneration({ text: 'Hello' })).toThrow(
      expect.objectContaining({ code: 'item_unreadable' }),
    );
  });
});
