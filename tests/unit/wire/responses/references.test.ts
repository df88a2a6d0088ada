import { describe, expect, it } from 'vitest';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { faultOf } from './fault-of.ts';

const message = (...content: unknown[]) => ({ input: [{ role: 'user', content }] });
const tool = (fields: Record<string, unknown>) => ({ input: 'x', tools: [fields] });

const refused: readonly (readonly [string, Record<string, unknown>])[] = [
  ['conversation', { input: 'x', conversation: 'conv_1' }],
  ['conversation', { input: 'x', conversation: { id: 'conv_1' } }],
  ['prompt.id', { prompt: { id: 'pmpt_1' } }],
  ['input[0]', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
  ['input[0]', { input: [{ id: 'msg_1' }] }],
  ['input[0]', { input: [{ type: 'image_generation_call', id: 'ig_1', status: 'completed' }] }],
  ['input[0].content[0].file_id', message({ type: 'input_file', file_id: 'file_1' })],
  ['input[0].content[0].file_id', message({ type: 'input_image', file_id: 'file_1' })],
  [
    'input[0].output.file_id',
    {
      input: [
        {
          type: 'computer_call_output',
          call_id: 'c',
          output: { type: 'computer_screenshot', file_id: 'file_1' },
        },
      ],
    },
  ],
  [
    'input[0].output[0].file_id',
    {
      input: [
        {
          type: 'function_call_output',
          call_id: 'c',
          output: [{ type: 'input_file', file_id: 'file_1' }],
        },
      ],
    },
  ],
  [
    'input[0].container_id',
    { input: [{ type: 'code_interpreter_call', id: 'ci_1', container_id: 'cntr_1' }] },
  ],
  [
    'input[0].tools[0].vector_store_ids',
    {
      input: [
        {
          type: 'additional_tools',
          role: 'developer',
          tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }],
        },
      ],
    },
  ],
  ['tools[0].vector_store_ids', tool({ type: 'file_search', vector_store_ids: ['vs_1'] })],
  ['tools[0].vector_store_id', tool({ type: 'novelty', vector_store_id: 'vs_1' })],
  ['tools[0].container', tool({ type: 'code_interpreter', container: 'cntr_1' })],
  [
    'tools[0].container.file_ids',
    tool({ type: 'code_interpreter', container: { type: 'auto', file_ids: ['file_1'] } }),
  ],
  [
    'tools[0].input_image_mask.file_id',
    tool({ type: 'image_generation', input_image_mask: { file_id: 'file_1' } }),
  ],
  [
    'tools[0].environment.container_id',
    tool({ type: 'shell', environment: { type: 'container_reference', container_id: 'cntr_1' } }),
  ],
  [
    'tools[0].environment.skills[0].skill_id',
    tool({
      type: 'shell',
      environment: { type: 'container_auto', skills: [{ type: 'skill_reference', skill_id: 's' }] },
    }),
  ],
  ['tools[0].tunnel_id', tool({ type: 'mcp', server_label: 'm', tunnel_id: 'tnl_1' })],
  [
    'tool_resources.file_search.vector_store_ids',
    { input: 'x', tool_resources: { file_search: { vector_store_ids: ['vs_1'] } } },
  ],
  [
    'prompt_cache_options.comparison_response_id',
    { input: 'x', prompt_cache_options: { comparison_response_id: 'resp_1' } },
  ],
];

describe('a reference to an object in the upstream’s account', () => {
  it.each(refused)('is refused as %s', (param, body) => {
    expect(faultOf(() => parseResponsesRequest(body))).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param,
    });
  });

  it.each(refused)('passes as %s for a tenant that may use it', (_, body) => {
    expect(parseResponsesRequest(body, 'allowed').body).toEqual(body);
  });

  it.each([
    ['null', message({ type: 'input_image', image_url: 'https://a.test/b', file_id: null })],
    ['an empty list', tool({ type: 'file_search', vector_store_ids: [] })],
    ['a container of its own', tool({ type: 'code_interpreter', container: { type: 'auto' } })],
    [
      'a property of a function’s schema',
      tool({ type: 'function', name: 'f', parameters: { properties: { file_id: { type: 'x' } } } }),
    ],
    ['a label', { input: 'x', metadata: { file_id: 'file_1', container: 'blue' } }],
    [
      'a property of the output’s schema',
      {
        input: 'x',
        text: {
          format: { type: 'json_schema', name: 'n', schema: { properties: { file_id: {} } } },
        },
      },
    ],
    [
      'a quotation in what was said before',
      message({ type: 'output_text', text: 'x', annotations: [{ file_id: 'file_1' }] }),
    ],
  ])('is not seen in %s', (_, body) => {
    expect(parseResponsesRequest(body).body).toEqual(body);
  });
});
