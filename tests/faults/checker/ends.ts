import { type Case, terminal, type Violation } from './case.ts';
import type { Evidence } from './evidence.ts';

/** Every accepted request is one job, and every job has ended. */
export const checkEnds = (cases: readonly Case[]): Violation[] =>
  cases.flatMap(({ planned: { name }, jobs, toldIds }): Violation[] => {
    const lost = toldIds
      .filter((id) => !jobs.some(({ pk }) => pk === id))
      .map((id) => ({ rule: 'accepted and lost', name, what: `${id} is not in the table` }));
    const twice =
      jobs.length > 1
        ? [
            {
              rule: 'one request, one job',
              name,
              what: jobs.map(({ pk, status }) => `${pk} ${status}`).join(', '),
            },
          ]
        : [];
    const unended = jobs
      .filter(({ status }) => !terminal.includes(status))
      .map(({ pk, status }) => ({ rule: 'every job ends', name, what: `${pk} is ${status}` }));
    return [...lost, ...twice, ...unended];
  });

/** A job fails of something: of what was planned for it, or of a fault that met it. */
export const checkFailures = (
  cases: readonly Case[],
  faultsOf: (one: Case) => number,
): Violation[] =>
  cases.flatMap((one) => {
    const { planned, jobs } = one;
    const failed = jobs.filter(({ status }) => status === 'failed');
    if (failed.length === 0 || planned.fault !== undefined || faultsOf(one) > 0) return [];
    return failed.map(({ pk, error }) => ({
      rule: 'nothing fails without a fault',
      name: planned.name,
      what: `${pk} failed: ${error?.code}`,
    }));
  });

const changed = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) !== JSON.stringify(other);

/** Nothing is left to do, nothing goes on, and a message that comes late changes nothing. */
export const checkLeftovers = ({ jobs, jobsLater, generations, end }: Evidence): Violation[] => {
  const leftovers: Violation[] = [];
  const note = (name: string, what: string): void => {
    leftovers.push({ rule: 'nothing is left', name, what });
  };
  for (const job of jobs.values()) {
    const name = job.metadata?.['request'] ?? '?';
    if (!terminal.includes(job.status)) continue;
    if (job.stopOwed === true) note(name, `${job.pk} still owes its upstream a stop`);
    else if (job.upstreamId !== undefined && job.status === 'cancelled')
      note(name, `${job.pk} still names its upstream's generation`);
    if (job.dueAtMs !== undefined && job.deletedAtMs === undefined)
      note(name, `${job.pk} is still due`);
    const running = job.ledger.filter(({ outcome }) => outcome === undefined);
    if (running.length > 0) note(name, `${job.pk} has attempts without an outcome`);
    const later = jobsLater.get(job.pk);
    if (changed(job, later)) note(name, `${job.pk} changed when its message came once more`);
  }
  for (const { id, open, prompt } of generations)
    if (open) note(prompt, `${id} is still generated`);
  for (const [queue, depth] of [
    ['jobs queue', end.jobsQueue],
    ['dead-letter queue', end.deadLetters],
  ] as const) {
    const { visible, inFlight, delayed } = depth;
    if (visible + inFlight + delayed > 0) note(queue, JSON.stringify(depth));
  }
  return leftovers;
};
