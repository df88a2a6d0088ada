import type { Redriven } from '../../lib/redrive/redrive.ts';
import { renderTable } from '../render-table.ts';

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const sumUp = (redriven: readonly Redriven[], dryRun: boolean): string => {
  const of = (done: Redriven['done']): number => redriven.filter((one) => one.done === done).length;
  const counts = (['sent', 'deleted', 'dropped', 'left'] as const)
    .map((done) => [of(done), done] as const)
    .filter(([count]) => count > 0)
    .map(([count, done]) => `${count} ${done}`);
  return `${counts.join(', ')}${dryRun ? ' if this were no dry run: nothing was changed' : ''}.`;
};

/** A line for each dead message: what it is, and what became of it. Never what it holds. */
export const showRedriven = (redriven: readonly Redriven[], dryRun: boolean): readonly string[] =>
  redriven.length === 0
    ? ['The dead-letter queue is empty.']
    : [
        ...renderTable(
          ['message', 'sent', 'job', 'what it is', dryRun ? 'would be' : 'done'],
          redriven.map(({ messageId, sentAtMs, jobId, what, done }) => [
            messageId,
            time(sentAtMs),
            jobId ?? '-',
            what,
            done,
          ]),
        ),
        '',
        sumUp(redriven, dryRun),
        ...(redriven.some(({ done }) => done === 'left')
          ? [
              'What was left is repaired in the table, waits for a later version, or goes with --drop.',
            ]
          : []),
      ];
