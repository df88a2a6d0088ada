import type { EpochSeconds } from '../../job/time.ts';
import { objectsOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import type { ChatChoice, ChatChunk } from './chunk.ts';
import { mergeContent, mergeFields, mergeToolCalls } from './merge-delta.ts';

/** What a completion says of itself when the upstream leaves it out; the id is always ours. */
export type CompletionDefaults = {
  readonly id: string;
  readonly model: string;
  readonly createdAt: EpochSeconds;
};

export type ChatCompletionBuilder = {
  add(chunk: ChatChunk): void;
  /** The reasons of the choices seen so far; undefined for one that has not ended. */
  finishReasons(): readonly (string | undefined)[];
  /** The `chat.completion` object: what an answer that is not streamed would have been. */
  build(defaults: CompletionDefaults): JsonObject;
};

type Choice = {
  readonly message: Record<string, unknown>;
  readonly toolCalls: Record<string, unknown>[];
  readonly rest: Record<string, unknown>;
  content: unknown;
  finishReason: string | undefined;
};

/** Only in streams: the chunks' own names, and padding that hides the length of tokens. */
const streamFields: readonly string[] = ['id', 'object', 'choices', 'obfuscation'];

const newChoice = (): Choice => ({
  message: {},
  toolCalls: [],
  rest: { logprobs: null },
  content: null,
  finishReason: undefined,
});

const addToChoice = (choice: Choice, { delta, finishReason, rest }: ChatChoice): void => {
  const { content, tool_calls, ...fields } = delta;
  const { logprobs, ...others } = rest;
  mergeFields(choice.message, fields);
  mergeToolCalls(choice.toolCalls, objectsOf(tool_calls));
  mergeFields(choice.rest, { logprobs });
  Object.assign(choice.rest, others);
  choice.content = mergeContent(choice.content, content);
  choice.finishReason ??= finishReason;
};

const messageOf = ({ message, content, toolCalls }: Choice): JsonObject => {
  const { role, refusal, ...fields } = message;
  const calls = toolCalls.map(({ index: _, ...call }) => call);
  return {
    role: role || 'assistant',
    content,
    refusal: refusal ?? null,
    ...fields,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
};

/** Puts a chat completion together from the chunks of its stream, all choices and unknown fields. */
export const buildChatCompletion = (): ChatCompletionBuilder => {
  const choices = new Map<number, Choice>();
  const fields: Record<string, unknown> = {};

  return {
    add(chunk) {
      for (const piece of chunk.choices) {
        const choice = choices.get(piece.index) ?? newChoice();
        choices.set(piece.index, choice);
        addToChoice(choice, piece);
      }
      for (const [field, value] of Object.entries(chunk.event)) {
        const isNews =
          value !== '' && (value !== null || (field !== 'usage' && !(field in fields)));
        if (isNews && !streamFields.includes(field)) fields[field] = value;
      }
    },
    finishReasons: () => [...choices.values()].map(({ finishReason }) => finishReason),
    build: ({ id, model, createdAt }) => ({
      ...fields,
      id,
      object: 'chat.completion',
      created: fields['created'] ?? createdAt,
      model: fields['model'] ?? model,
      choices: [...choices.entries()]
        .toSorted(([a], [b]) => a - b)
        .map(([index, choice]) => ({
          index,
          message: messageOf(choice),
          ...choice.rest,
          finish_reason: choice.finishReason ?? null,
        })),
    }),
  };
};
