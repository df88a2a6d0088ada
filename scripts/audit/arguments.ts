import { CommandFault } from '../aws/command-fault.ts';
import {
  parseTarget,
  readArguments,
  type Target,
  targetOptions,
  targetUsage,
} from '../keys/target.ts';

export type AuditCommand = {
  readonly target: Target;
  /** Milliseconds since the epoch; jobs created from then on. */
  readonly fromMs: number;
  /** And before then. */
  readonly toMs: number;
  readonly tenant: string | undefined;
  readonly json: boolean;
};

export const auditUsage = `Usage: npm run audit -- [--from TIME|DURATION] [--to TIME|DURATION] [--tenant NAME] [--json] ${targetUsage}
Counts the jobs created in that range (a TIME such as 2026-11-20T10:00:00Z, or a DURATION ago such as
90m, 24h or 7d; all of them without it), and lists every job that is overdue, whenever it was created.
Reads the whole table once and writes nothing: about 125,000 read units for each GB of it, which is less
than 2 cents. Ends with 0 when all is well, 1 when a job is overdue, 2 when it could not look.`;

const wrong = (fault: string): CommandFault => new CommandFault(`${fault}\n${auditUsage}`);

const options = {
  from: { type: 'string' },
  to: { type: 'string' },
  tenant: { type: 'string' },
  json: { type: 'boolean' },
  ...targetOptions,
} as const;

const minuteMs = 60_000;
const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: minuteMs,
  h: 60 * minuteMs,
  d: 24 * 60 * minuteMs,
};

const isoFormat = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

const parseMoment = (flag: string, text: string, nowMs: number): number => {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (number !== undefined) return nowMs - Number(number) * (unitMs[unit ?? ''] ?? 0);
  const ms = isoFormat.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw wrong(`--${flag} ${text} is neither a time with its zone nor a duration.`);
  }
  return ms;
};

/** What the arguments ask for at `nowMs`. Throws CommandFault with what is wrong, and how it is used. */
export const parseAuditCommand = (args: readonly string[], nowMs: number): AuditCommand => {
  const { verb, values } = readArguments(args, options, wrong);
  if (verb !== undefined) throw wrong(`Unknown argument ${verb}.`);
  const fromMs = values.from === undefined ? 0 : parseMoment('from', values.from, nowMs);
  // A job of this moment counts, even one whose host's clock is a little ahead.
  const toMs = values.to === undefined ? nowMs + minuteMs : parseMoment('to', values.to, nowMs);
  if (fromMs >= toMs) throw wrong('--from is not before --to.');
  return {
    target: parseTarget(values, wrong),
    fromMs,
    toMs,
    tenant: values.tenant,
    json: values.json ?? false,
  };
};
