import type { Redriven } from '../../lib/redrive/redrive.ts';
import { renderTable } from '../render-table.ts';
import type { RedriveCommand } from './arguments.ts';
import type { QueueName } from './queue-name.ts';

/** What became of a dead message, and of which queue it is. */
export type RedrivenFrom = Redriven & { readonly queue: QueueName };

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
export const showRedriven = (
  redriven: readonly RedrivenFrom[],
  { queues, dryRun }: Pick<RedriveCommand, 'queues' | 'dryRun'>,
): readonly string[] =>
  redriven.length === 0
    ? queues.map((queue) => `The dead-letter queue of the ${queue} queue is empty.`)
    : [
        ...renderTable(
          ['queue', 'message', 'sent', 'job', 'what it is', dryRun ? 'would be' : 'done'],
          redriven.map(({ queue, messageId, sentAtMs, jobId, what, done }) => [
            queue,
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
