import type { FinalGeneration } from '../final-generation.ts';

type FinishReason = FinalGeneration['finishReason'];

/** Servers' own reasons that are one of OpenAI's; any other word means that the model stopped. */
const finishReasons: Readonly<Record<string, FinishReason>> = {
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  content_filter: 'content_filter',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
};

/** Why a choice ended, in OpenAI's words. */
export const knownFinishReason = (reason: string): FinishReason =>
  Object.hasOwn(finishReasons, reason) ? (finishReasons[reason] ?? 'stop') : 'stop';

/** Whether what was generated is all that the model had to say. */
export const finishStatus = (reason: FinishReason): 'completed' | 'incomplete' =>
  reason === 'length' || reason === 'content_filter' ? 'incomplete' : 'completed';
