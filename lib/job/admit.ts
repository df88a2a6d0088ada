import { inlineOutputTokens } from '../limits.ts';

export type Admission = { readonly decision: 'inline' | 'queued'; readonly why: string };

type Question = {
  readonly respondAsync: boolean;
  /** How long the reply may be held. */
  readonly waitMs: number;
  readonly maxOutputTokens: number | undefined;
};

/**
 * Whether a new request is generated inside its own call or by a worker: by the client's explicit
 * preference, else by how much output it asks for, else inline. `why` goes to the ledger.
 */
export const admit = (question: Question): Admission => {
  if (question.respondAsync) return { decision: 'queued', why: 'respond-async was preferred' };
  if (question.waitMs === 0) return { decision: 'queued', why: 'no wait was preferred' };
  const { maxOutputTokens } = question;
  if (maxOutputTokens !== undefined && maxOutputTokens > inlineOutputTokens) {
    return { decision: 'queued', why: `more than ${inlineOutputTokens} output tokens requested` };
  }
  return { decision: 'inline', why: 'expected to fit the wait' };
};
