import type { FaultLine } from '../journal.ts';
import { heldMs } from '../request-plan.ts';
import type { Case, Violation } from './case.ts';
import type { Evidence, Generated } from './evidence.ts';

/** Something that may have cost a job its generation, some time between two moments. */
export type Cause = {
  readonly what: string;
  readonly fromMs: number;
  readonly untilMs: number;
};

/** What a generation may owe to something that happened before it began: a claim and its writes. */
const beforehandMs = 8_000;

/** The faults that met a job: on its own items, or on a sandbox that was at it. */
export const faultsMet = ({ faults, touches }: Evidence) => {
  const byJob = new Map<string, FaultLine[]>();
  const add = (jobId: string, fault: FaultLine): void => {
    const met = byJob.get(jobId);
    if (met === undefined) byJob.set(jobId, [fault]);
    else met.push(fault);
  };
  for (const fault of faults) {
    // A message that comes twice or late is no reason for anything.
    if (fault.kind.startsWith('message')) continue;
    const { jobId, pid, atMs, untilMs = atMs, kind } = fault;
    if (jobId !== undefined) {
      add(jobId, fault);
      continue;
    }
    if (pid === undefined || !kind.startsWith('sandbox')) continue;
    for (const touch of touches) {
      if (touch.pid === pid && touch.firstMs <= untilMs) add(touch.jobId, fault);
    }
  }
  return (jobId: string): readonly FaultLine[] => byJob.get(jobId) ?? [];
};

const causeOf = ({ kind, atMs, untilMs = atMs }: FaultLine): Cause => ({
  what: kind,
  fromMs: atMs,
  untilMs,
});

/** A reply that is not held any longer: its inline generation is begun anew by a worker. */
const promotion = ({ planned, lines }: Case): Cause[] => {
  const { mode, waitSeconds } = planned;
  if (mode !== 'plain') return [];
  const waitMs = waitSeconds === undefined ? heldMs : waitSeconds * 1000;
  return lines
    .filter(({ what }) => what === 'submit')
    .map(({ startedAtMs, endedAtMs }) => ({
      what: 'the wait was over',
      fromMs: startedAtMs + waitMs - 1_000,
      untilMs: endedAtMs + beforehandMs,
    }));
};

/** Whether the model itself was told to fail this one. */
const failedItself = ({ planned: { fault } }: Case, index: number, made: Generated): boolean =>
  (made.outcome?.startsWith('fault:') ?? false) ||
  (fault !== undefined && index < (fault.times ?? Number.POSITIVE_INFINITY));

/** What each of a job's generations but the last is owed to; undefined where nothing explains it. */
export const explainCase = (
  evidence: Evidence,
  one: Case,
  met: (jobId: string) => readonly FaultLine[],
): (string | undefined)[] => {
  const { jobs, generations, toldIds } = one;
  const ids = new Set([...jobs.map(({ pk }) => pk), ...toldIds]);
  const causes = [
    ...[...ids].flatMap(met).map(causeOf),
    ...evidence.faults.filter(({ kind }) => kind.startsWith('restart')).map(causeOf),
    ...evidence.end.phases.map(({ what, fromMs, untilMs }) => ({ what, fromMs, untilMs })),
    ...promotion(one),
  ];
  const used = new Set<Cause>();
  const inOrder = generations.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  return inOrder.slice(0, -1).map((made, index) => {
    if (failedItself(one, index, made)) return 'the model’s own fault';
    const untilMs = inOrder[index + 1]?.startedAtMs ?? Number.POSITIVE_INFINITY;
    const cause = causes.find(
      (candidate) =>
        !used.has(candidate) &&
        candidate.untilMs >= made.startedAtMs - beforehandMs &&
        candidate.fromMs <= untilMs,
    );
    if (cause === undefined) return undefined;
    // An early function's end is a cause as often as it comes.
    if (!evidence.end.phases.some(({ what }) => what === cause.what)) used.add(cause);
    return cause.what;
  });
};

export const unexplained = (one: Case, explained: readonly (string | undefined)[]): Violation[] =>
  explained.flatMap((cause, index) => {
    if (cause !== undefined) return [];
    const made = one.generations[index];
    return [
      {
        rule: 'nothing is paid twice without a fault',
        name: one.planned.name,
        what: `generation ${index + 1} of ${one.generations.length} (${made?.outcome}) has no fault that explains the next`,
      },
    ];
  });
