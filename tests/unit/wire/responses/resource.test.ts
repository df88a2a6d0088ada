import { describe, expect, it } from 'vitest';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { responseResource } from '../../../../lib/wire/responses/resource.ts';
import { createdAtMs, endedResponsesJob, responsesJob } from './job.ts';

/** `ResponseResource` of the Open Responses specification: all required. */
const required = [
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'incomplete_details',
  'model',
  'previous_response_id',
  'instructions',
  'output',
  'error',
  'tools',
  'tool_choice',
  'truncation',
  'parallel_tool_calls',
  'text',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'top_logprobs',
  'temperature',
  'reasoning',
  'user',
  'usage',
  'max_output_tokens',
  'max_tool_calls',
  'store',
  'background',
  'service_tier',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
];

const request = parseResponsesRequest({ input: 'Hello' });
const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
const error = {
  message: 'It stalled.',
  type: 'upstream_error',
  param: null,
  code: 'upstream_stalled',
  httpStatus: 502,
};
const output = [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed' }];

const states = {
  queued: responsesJob({ status: 'queued' }),
  in_progress: responsesJob(),
  completed: endedResponsesJob('completed', { usage, answeredBy: 'gpt-5-2027' }),
  incomplete: endedResponsesJob('incomplete', { usage }),
  failed: endedResponsesJob('failed', { error }),
  cancelled: endedResponsesJob('cancelled'),
};

describe('the response object', () => {
  it.each(Object.entries(states))('has every field when %s', (status, job) => {
    const resource = JSON.parse(JSON.stringify(responseResource(job, request)));
    expect(Object.keys(resource)).toEqual(expect.arrayContaining(required));
    expect(resource.status).toBe(status);
  });

  it('shows the defaults of what was not asked for', () => {
    expect(responseResource(states.in_progress, request)).toEqual({
      id: 'resp_0a1b',
      object: 'response',
      created_at: 1_800_000_000,
      completed_at: null,
      status: 'in_progress',
      incomplete_details: null,
      model: 'gpt-5',
      previous_response_id: null,
      instructions: null,
      output: [],
      error: null,
      tools: [],
      tool_choice: 'auto',
      truncation: 'disabled',
      parallel_tool_calls: true,
      text: { format: { type: 'text' } },
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      temperature: 1,
      reasoning: { effort: null, summary: null },
      user: null,
      usage: null,
      max_output_tokens: null,
      max_tool_calls: null,
      store: true,
      background: false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    });
  });

  it('shows what was asked for', () => {
    const asked = {
      instructions: 'Be brief.',
      temperature: 0,
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
      text: { verbosity: 'low', format: { type: 'json_object' } },
      reasoning: { effort: 'high', summary: null },
      max_output_tokens: 5,
      background: true,
      previous_response_id: 'resp_1',
    };
    const tools = [{ type: 'function', name: 'f' }, { type: 'web_search' }];
    const full = parseResponsesRequest({ input: 'x', ...asked, tools });
    expect(responseResource(states.queued, full)).toMatchObject({
      ...asked,
      tools: [
        { type: 'function', name: 'f', description: null, parameters: null, strict: null },
        { type: 'web_search' },
      ],
    });
  });

  it('of a completed job is the upstream’s final object, with our own say', () => {
    const final = {
      id: 'resp_upstream',
      object: 'response',
      created_at: 5,
      status: 'completed',
      model: 'gpt-5-2027-01-01',
      output,
      temperature: 0.5,
      reasoning: null,
      billing: { payer: 'developer' },
      moderation: null,
      background: true,
      store: true,
      previous_response_id: 'resp_theirs',
      metadata: { theirs: 'x' },
      usage: { ...usage, input_tokens_details: { cached_tokens: 1 } },
    };
    const job = endedResponsesJob('completed', {
      usage,
      metadata: { a: 'b' },
      answeredBy: 'gpt-5-2027-01-01',
    });
    expect(responseResource(job, request, { final })).toMatchObject({
      id: 'resp_0a1b',
      created_at: Math.floor(createdAtMs / 1000),
      completed_at: 1_800_000_002,
      status: 'completed',
      model: 'gpt-5-2027-01-01',
      output,
      temperature: 0.5,
      reasoning: { effort: null, summary: null },
      billing: { payer: 'developer' },
      moderation: null,
      background: false,
      previous_response_id: null,
      metadata: { a: 'b' },
      usage: {
        ...usage,
        input_tokens_details: { cached_tokens: 1 },
        output_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });

  it('of a failed job says why, in the upstream’s words where it has them', () => {
    expect(responseResource(states.failed, request).error).toEqual({
      code: 'upstream_stalled',
      message: 'It stalled.',
    });
    const final = { output, error: { code: 'invalid_prompt', message: 'No.' } };
    expect(responseResource(states.failed, request, { final })).toMatchObject({
      output,
      error: { code: 'invalid_prompt', message: 'No.' },
      completed_at: null,
    });
  });

  it('of an incomplete job says why it stopped', () => {
    expect(responseResource(states.incomplete, request).incomplete_details).toEqual({
      reason: 'max_output_tokens',
    });
    const final = { incomplete_details: { reason: 'content_filter' } };
    expect(responseResource(states.incomplete, request, { final }).incomplete_details).toEqual({
      reason: 'content_filter',
    });
  });

  it('of a cancelled job holds what was put out and spent until then', () => {
    const job = endedResponsesJob('cancelled', { usage });
    expect(responseResource(job, request, { output })).toMatchObject({
      status: 'cancelled',
      error: null,
      output,
      usage: {
        ...usage,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });
});
