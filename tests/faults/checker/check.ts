import { type Case, casesOf, type Violation } from './case.ts';
import { checkEnds, checkFailures, checkLeftovers } from './ends.ts';
import type { Evidence } from './evidence.ts';
import { explainCase, faultsMet, unexplained } from './explain.ts';
import { checkReads } from './reads.ts';

/** The counts that have to come out even, and what does not. */
export type Verdict = {
  readonly requests: number;
  readonly jobs: number;
  /** Requests of which no answer told an id, and which are in the table all the same. */
  readonly found: number;
  readonly byEnd: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly generations: number;
  readonly beyondFirst: number;
  /** Generations of requests that were refused after they had begun. */
  readonly ofNoJob: number;
  readonly explainedBy: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
};

export const count = (items: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items.toSorted()) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
};

const isDoomed = ({ kind }: Evidence['faults'][number]): boolean => kind.startsWith('restart');

/** Judges a run by its logs, its table and its model's own log. */
export const check = (evidence: Evidence): Verdict => {
  const cases = casesOf(evidence);
  const met = faultsMet(evidence);
  const explanations = cases.map((one) => ({ one, causes: explainCase(evidence, one, met) }));
  const restarts = evidence.faults.filter(isDoomed);
  const faultsOf = ({ jobs, lines }: Case): number =>
    jobs.flatMap(({ pk }) => met(pk)).length +
    restarts.filter(({ atMs }) => lines.some((line) => line.startedAtMs <= atMs)).length +
    evidence.end.phases.filter(({ untilMs }) => lines.some((line) => line.startedAtMs < untilMs))
      .length;
  const jobs = cases.flatMap((one) => one.jobs);
  const causes = explanations.flatMap((explained) => explained.causes);
  return {
    requests: cases.length,
    jobs: jobs.length,
    found: cases.filter((one) => one.jobs.length > 0 && one.toldIds.length === 0).length,
    byEnd: count(jobs.map(({ status, deletedAtMs }) => (deletedAtMs ? 'deleted' : status))),
    byError: count(jobs.flatMap(({ error }) => error?.code ?? [])),
    faults: count([
      ...evidence.faults.map(({ kind }) => kind),
      ...evidence.generations.flatMap(({ outcome }) =>
        outcome?.startsWith('fault:') ? [`model ${outcome}`] : [],
      ),
      ...evidence.clients.flatMap(({ broken }) => (broken === 'left' ? ['client gone'] : [])),
      ...Array.from({ length: evidence.end.timeouts }, () => 'function out of time'),
    ]),
    generations: evidence.generations.length,
    beyondFirst: causes.length,
    ofNoJob: cases.filter((one) => one.jobs.length === 0 && one.generations.length > 0).length,
    explainedBy: count(causes.map((cause) => cause ?? 'NOTHING')),
    violations: [
      ...checkEnds(cases),
      ...checkFailures(cases, faultsOf),
      ...checkReads(evidence, cases),
      ...explanations.flatMap((explained) => unexplained(explained.one, explained.causes)),
      ...checkLeftovers(evidence),
    ],
  };
};
