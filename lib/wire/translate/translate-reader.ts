import type { Usage } from '../../job/job.ts';
import { type ChatChoice, readChatChunk } from '../chat/chunk.ts';
import { finishStatus, knownFinishReason } from '../chat/finish-reason.ts';
import { stringOf } from '../json-object.ts';
import type { EventReader, JsonObject } from '../production.ts';
import { eventEntry, snapshotEvent } from '../responses/events.ts';
import { readDelta } from './chat-delta.ts';
import { type OutputIds, outputBuilder } from './output.ts';
import { responseUsage } from './usage.ts';

export type TranslateOptions = OutputIds & {
  /** The model's name where the upstream leaves it out. */
  readonly model: string;
  /** The whole response object as it is at the attempt's start: `responseResource` of its job. */
  snapshot(): JsonObject;
};

type FinishReason = ReturnType<typeof knownFinishReason>;

const incompleteDetails = (reason: FinishReason) => {
  if (finishStatus(reason) === 'completed') return null;
  return { reason: reason === 'length' ? 'max_output_tokens' : 'content_filter' };
};

/**
 * Reads a chat upstream for a client of the Responses API. Entries are the events of that protocol
 * in its order, without the one that ends the stream; the final object holds what `responseResource`
 * does not know: output, usage, how it ended.
 */
export const translateReader = (options: TranslateOptions): EventReader => {
  const output = outputBuilder(options);
  let isOpen = false;
  let model: string | undefined;
  let usage: Usage | undefined;
  let toldUsage: unknown;
  let serviceTier: string | undefined;
  let finish: FinishReason | undefined;

  const opening = (): readonly string[] => {
    if (isOpen) return [];
    isOpen = true;
    const response = options.snapshot();
    return [
      snapshotEvent('response.created', response),
      snapshotEvent('response.in_progress', response),
    ];
  };
  const said = (choice: ChatChoice): readonly JsonObject[] => {
    const { reasoning, text, logprobs, refusal, annotations, calls } = readDelta(choice);
    const isText = text !== '' || logprobs.length > 0;
    return [
      ...(reasoning === '' ? [] : output.say('reasoning_text', { text: reasoning, logprobs: [] })),
      ...(isText ? output.say('output_text', { text, logprobs }) : []),
      ...(refusal === '' ? [] : output.say('refusal', { text: refusal, logprobs: [] })),
      ...annotations.flatMap((annotation) => output.annotate(annotation)),
      ...calls.flatMap((piece) => output.call(piece)),
    ];
  };
  const ended = (reason: string): readonly JsonObject[] => {
    finish = knownFinishReason(reason);
    return output.end(finishStatus(finish));
  };
  const events = (choice: ChatChoice | undefined): readonly JsonObject[] => {
    // What follows the end says nothing but the usage.
    if (choice === undefined || finish !== undefined) return [];
    const { finishReason } = choice;
    return [...said(choice), ...(finishReason === undefined ? [] : ended(finishReason))];
  };

  return {
    read(event) {
      const chunk = readChatChunk(event);
      model = chunk.model ?? model;
      if (chunk.usage !== undefined) {
        usage = chunk.usage;
        toldUsage = event['usage'];
      }
      serviceTier = stringOf(event['service_tier']) ?? serviceTier;
      const choice = chunk.choices.find(({ index }) => index === 0);
      return {
        entries: [...opening(), ...events(choice).map(eventEntry)],
        ...(chunk.model === undefined ? {} : { model: chunk.model }),
      };
    },
    end() {
      if (finish === undefined) return undefined;
      const status = finishStatus(finish);
      const answered = model ?? options.model;
      const final = {
        status,
        model: answered,
        output: output.items(),
        incomplete_details: incompleteDetails(finish),
        usage: usage === undefined ? null : responseUsage(usage, toldUsage),
        ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
      };
      return { status, final, usage, model: answered, error: undefined };
    },
  };
};
