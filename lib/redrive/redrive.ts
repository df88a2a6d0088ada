import { assertNever } from '../errors.ts';
import type { DeadLetter, DeadLetters } from '../ports/queues.ts';

/** What a dead message turned out to be, in words for the operator. */
export type Verdict = { readonly what: string; readonly jobId?: string | undefined } & (
  | { readonly kind: 'live'; send(): Promise<void> }
  /** There is nothing left to do for it. */
  | { readonly kind: 'spent' }
  /** Somebody has to repair it, or wait for a later version, or drop it. */
  | { readonly kind: 'left' }
);

export type Redriven = Pick<DeadLetter, 'messageId' | 'sentAtMs'> &
  Pick<Verdict, 'what' | 'jobId'> & {
    /** What became of the message, or would have in a dry run. */
    readonly done: 'sent' | 'deleted' | 'dropped' | 'left';
  };

export type RedriveOptions = {
  readonly dryRun: boolean;
  /** The message that is to go whatever it is; with it no other is touched. */
  readonly drop: string | undefined;
};

type RedriveDeps = {
  readonly deadLetters: DeadLetters;
  /** Says what a message is; throws when that cannot be told now. */
  readonly judge: (body: string) => Promise<Verdict>;
};

const doneWith = (verdict: Verdict, isDropped: boolean): Redriven['done'] => {
  if (isDropped) return 'dropped';
  switch (verdict.kind) {
    case 'live':
      return 'sent';
    case 'spent':
      return 'deleted';
    case 'left':
      return 'left';
    default:
      return assertNever(verdict);
  }
};

/**
 * Empties a dead-letter queue of what can be told to be done with: what has work left is sent anew
 * and then deleted, so a crash between the two leaves two hints and never none; what has none is
 * deleted. The rest stays, and is visible again when this ends. Throws Faults of the queues and the
 * store.
 */
export const redrive = async (
  { deadLetters, judge }: RedriveDeps,
  { dryRun, drop }: RedriveOptions,
): Promise<readonly Redriven[]> => {
  const redriven: Redriven[] = [];
  const seen = new Set<string>();
  const held = new Set<DeadLetter>();

  const treat = async (letter: DeadLetter): Promise<void> => {
    const { messageId, sentAtMs, body } = letter;
    const isDropped = messageId === drop;
    if (drop !== undefined && !isDropped) return;
    const verdict = await judge(body);
    const { what, jobId } = verdict;
    const done = doneWith(verdict, isDropped);
    redriven.push({ messageId, sentAtMs, what, jobId, done });
    if (dryRun || done === 'left') return;
    if (verdict.kind === 'live' && !isDropped) await verdict.send();
    await deadLetters.remove(letter);
    held.delete(letter);
  };

  try {
    for (;;) {
      const taken = await deadLetters.take();
      for (const letter of taken) held.add(letter);
      const fresh = taken.filter(({ messageId }) => !seen.has(messageId));
      if (fresh.length === 0) break;
      for (const { messageId } of fresh) seen.add(messageId);
      for (const letter of fresh) await treat(letter);
    }
  } finally {
    await Promise.all([...held].map((letter) => deadLetters.release(letter)));
  }
  return redriven.sort((a, b) => a.sentAtMs - b.sentAtMs);
};
