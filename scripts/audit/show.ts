import type { Audit } from '../../lib/audit/tally.ts';
import { renderTable } from '../render-table.ts';
import { showTime } from '../show-time.ts';

type Range = { readonly fromMs: number; readonly toMs: number };
type Counted = Audit & { readonly readUnits: number };

const number = (value: number): string => value.toLocaleString('en-US');

const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;

const rows = (entries: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
};

const total = ({ input, output }: Audit['tokens']['generated']): number => input + output;

const tokenRow = (name: string, count: Audit['tokens']['generated'], of: number) => [
  name,
  number(count.input),
  number(count.output),
  number(total(count)),
  percent(total(count), of),
];

const moment = (ms: number | undefined): string => (ms === undefined ? '-' : showTime(ms));

const why = {
  deadline: 'past its deadline',
  due: 'due, and nobody has come',
  unwatched: 'no sweep will find it',
} as const;

const listed = (count: number, of: readonly unknown[]): string =>
  count > of.length ? ` (the first ${number(of.length)} of ${number(count)})` : '';

/** For a reader at a terminal. */
export const showAudit = (audit: Counted, { fromMs, toMs }: Range): readonly string[] => {
  const { statuses, attempts, tokens } = audit;
  const generated = total(tokens.generated);
  const spread = attempts.jobsByAttempts.map((one) => `${one.attempts}: ${number(one.jobs)}`);
  const outcomes = Object.entries(attempts.outcomes).sort(([, a], [, b]) => b - a);
  return [
    `Jobs created ${fromMs <= 0 ? 'until' : `from ${showTime(fromMs)} to`} ${showTime(toMs)}`,
    '',
    ...rows([
      ['accepted', number(audit.accepted)],
      ['completed', number(statuses.completed)],
      ['incomplete', number(statuses.incomplete)],
      ['failed', number(statuses.failed)],
      ['cancelled', number(statuses.cancelled)],
      ['queued', number(statuses.queued)],
      ['in progress', number(statuses.in_progress)],
      ['unreadable', number(audit.unreadableCount)],
      ['overdue', number(audit.overdueCount)],
    ]),
    '',
    ...rows([
      ['attempts', number(attempts.total)],
      ['a job', `${attempts.mean.toFixed(2)} on average, at most ${attempts.max}`],
      ['jobs by attempts', spread.join(', ') || '-'],
      ['ended', outcomes.map(([name, times]) => `${name} ${number(times)}`).join(', ') || '-'],
    ]),
    '',
    ...renderTable(
      ['tokens', 'input', 'output', 'together', 'of generated'],
      [
        tokenRow('generated', tokens.generated, generated),
        tokenRow('delivered', tokens.delivered, generated),
        tokenRow('estimated', tokens.estimated, generated),
      ],
    ),
    ...(audit.overdue.length === 0
      ? []
      : [
          '',
          `Overdue${listed(audit.overdueCount, audit.overdue)}:`,
          ...renderTable(
            ['id', 'status', 'due', 'deadline', 'what'],
            audit.overdue.map((job) => [
              job.id,
              job.status ?? '-',
              moment(job.dueAtMs),
              moment(job.deadlineAtMs),
              why[job.why],
            ]),
          ),
        ]),
    ...(audit.unreadable.length === 0
      ? []
      : [
          '',
          `Unreadable${listed(audit.unreadableCount, audit.unreadable)}:`,
          ...audit.unreadable.map((job) => `${job.id}  ${job.why}`),
        ]),
    '',
    `Read with ${number(Math.ceil(audit.readUnits))} read units.`,
  ];
};

/** For a program: times in milliseconds since the epoch. */
export const auditJson = (audit: Counted, { fromMs, toMs }: Range): string => {
  const { attempts, tokens } = audit;
  const generated = total(tokens.generated);
  return JSON.stringify(
    {
      from_ms: fromMs,
      to_ms: toMs,
      accepted: audit.accepted,
      statuses: audit.statuses,
      attempts: {
        total: attempts.total,
        mean: attempts.mean,
        max: attempts.max,
        jobs_by_attempts: Object.fromEntries(
          attempts.jobsByAttempts.map((one) => [one.attempts, one.jobs]),
        ),
        outcomes: attempts.outcomes,
      },
      tokens: {
        ...tokens,
        delivered_ratio: generated === 0 ? null : total(tokens.delivered) / generated,
      },
      overdue_count: audit.overdueCount,
      overdue: audit.overdue.map((job) => ({
        id: job.id,
        status: job.status ?? null,
        due_at_ms: job.dueAtMs ?? null,
        deadline_at_ms: job.deadlineAtMs ?? null,
        why: job.why,
      })),
      unreadable_count: audit.unreadableCount,
      unreadable: audit.unreadable,
      read_units: audit.readUnits,
    },
    undefined,
    2,
  );
};
