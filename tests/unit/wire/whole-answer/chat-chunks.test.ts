import { expect, test } from 'vitest';
import { chatChunks } from '../../../../lib/wire/whole-answer/chat-chunks.ts';

const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });

test('every choice is said, then finished, then comes the usage', () => {
  const completion = {
    id: 'c',
    object: 'chat.completion',
    future: 1,
    choices: [
      { index: 0, message: { role: 'assistant', content: 'A' }, finish_reason: 'stop' },
      {
        index: 1,
        message: { role: 'assistant', content: null, tool_calls: [call('x'), call('y')] },
        logprobs: { content: [] },
        finish_reason: 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 1 },
  };
  const head = { id: 'c', object: 'chat.completion.chunk', future: 1 };
  const calls = [
    { index: 0, ...call('x') },
    { index: 1, ...call('y') },
  ];
  expect(chatChunks(completion)).toEqual([
    {
      ...head,
      choices: [
        { index: 0, delta: { role: 'assistant', content: 'A' }, finish_reason: null },
        {
          index: 1,
          delta: { role: 'assistant', content: null, tool_calls: calls },
          logprobs: { content: [] },
          finish_reason: null,
        },
      ],
    },
    {
      ...head,
      choices: [
        { index: 0, delta: {}, finish_reason: 'stop' },
        { index: 1, delta: {}, finish_reason: 'tool_calls' },
      ],
    },
    { ...head, choices: [], usage: { prompt_tokens: 1 } },
  ]);
});

test('what is missing stays missing', () => {
  expect(chatChunks({})).toEqual([
    { object: 'chat.completion.chunk', choices: [] },
    { object: 'chat.completion.chunk', choices: [] },
  ]);
  expect(chatChunks({ choices: [{ message: null }], usage: null })).toEqual([
    {
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: {}, finish_reason: null }],
    },
    {
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: {}, finish_reason: null }],
    },
  ]);
});
