import { describe, expect, it } from 'vitest';
import { estimatedUsage, partialOutput } from '../../../../lib/wire/responses/partial-output.ts';

const entry = (type: string, fields: Record<string, unknown>): string =>
  JSON.stringify({ type: `response.${type}`, ...fields });

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'in_progress',
  content: [],
};
const added = entry('output_item.added', { output_index: 0, item: message });
const delta = (text: string) =>
  entry('output_text.delta', { output_index: 0, content_index: 0, delta: text });

describe('partialOutput', () => {
  it('is empty before the first item', () => {
    expect(partialOutput([entry('created', { response: {} })])).toEqual([]);
  });

  it('shows what there is of an item that was being written, as incomplete', () => {
    expect(partialOutput([added, delta('Half '), delta('a senten')])).toEqual([
      {
        ...message,
        status: 'incomplete',
        content: [{ type: 'output_text', text: 'Half a senten', annotations: [], logprobs: [] }],
      },
    ]);
  });

  it('takes finished items as they are, and calls of functions with the arguments so far', () => {
    const done = {
      ...message,
      status: 'completed',
      content: [{ type: 'output_text', text: 'Done.' }],
    };
    const call = { id: 'fc_1', type: 'function_call', name: 'f', call_id: 'c', arguments: '' };
    const entries = [
      added,
      delta('Done.'),
      entry('output_item.done', { output_index: 0, item: done }),
      entry('output_item.added', { output_index: 1, item: call }),
      entry('function_call_arguments.delta', { output_index: 1, delta: '{"a":' }),
    ];
    expect(partialOutput(entries)).toEqual([
      done,
      { ...call, arguments: '{"a":', status: 'incomplete' },
    ]);
  });
});

describe('estimatedUsage', () => {
  it('says that it is an estimate, and costs nothing where nothing was put out', () => {
    expect(estimatedUsage('a question', [])).toMatchObject({ output_tokens: 0, estimated: true });
    const usage = estimatedUsage('q', partialOutput([added, delta('x'.repeat(400))]));
    expect(usage.output_tokens).toBeGreaterThanOrEqual(100);
    expect(usage.total_tokens).toBe(usage.input_tokens + usage.output_tokens);
  });
});
