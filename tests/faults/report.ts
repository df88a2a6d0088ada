import type { Verdict } from './checker/check.ts';

const rows = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).map(([what, times]) => `  ${String(times).padStart(6)}  ${what}`);

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, times) => sum + times, 0);

/** The run as a table, and how to have it again. */
export const report = (
  verdict: Verdict,
  run: { readonly again: string; readonly folder: string; readonly tookMs: number },
): string =>
  [
    `${verdict.requests} requests, ${verdict.jobs} jobs (${verdict.found} of them never told to their client), ${Math.round(run.tookMs / 1000)} s`,
    'ended as',
    ...rows(verdict.byEnd),
    'failed of',
    ...rows(verdict.byError),
    `${total(verdict.faults)} faults`,
    ...rows(verdict.faults),
    `${verdict.generations} generations, ${verdict.beyondFirst} beyond the first of their job, ${verdict.ofNoJob} of requests that were refused`,
    'beyond the first because of',
    ...rows(verdict.explainedBy),
    `${verdict.violations.length} violations`,
    ...verdict.violations.map(({ rule, name, what }) => `  ${rule}: ${name}: ${what}`),
    `logs: ${run.folder}`,
    `again: ${run.again}`,
  ].join('\n');
