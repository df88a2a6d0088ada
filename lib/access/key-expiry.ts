import { Fault } from '../errors.ts';
import { after, type EpochMs, epochMs } from '../job/time.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const duration = /^(\d{1,9})([smhd])$/;
/** A day, or a time that says in which zone it is. */
const instant = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
const longestMs = 3_650 * unitMs.d;

const ofDuration = (text: string, nowMs: EpochMs): EpochMs | undefined => {
  const [, count, unit] = duration.exec(text) ?? [];
  if (unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return undefined;
  return after(nowMs, Number(count) * unitMs[unit]);
};

/** Date.parse takes the 31st of February for a day in March. */
const isDay = (day: string): boolean =>
  Number.isFinite(Date.parse(day)) && new Date(day).toISOString().startsWith(day);

const ofInstant = (text: string): EpochMs | undefined => {
  const [, day = ''] = instant.exec(text) ?? [];
  const at = isDay(day) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? epochMs(at) : undefined;
};

/**
 * When a key ends that is asked to end so: `90d` from now, or at a time such as `2027-01-31` (the
 * day's first moment in UTC) or `2027-01-31T18:00:00Z`. Throws Fault `invalid_value` for another
 * form, a time that has passed, or one more than ten years away.
 */
export const parseExpiry = (text: string, nowMs: EpochMs): EpochMs => {
  const at = ofDuration(text, nowMs) ?? ofInstant(text);
  if (at !== undefined && at > nowMs && at - nowMs <= longestMs) return at;
  const shown = JSON.stringify(text.slice(0, 40));
  throw new Fault(
    'invalid_value',
    at === undefined
      ? `${shown} is no time to expire at: use 45s, 30m, 12h or 90d from now, or a time such as 2027-01-31 or 2027-01-31T18:00:00Z.`
      : `${shown} is no time to expire at: it ${at > nowMs ? 'is more than ten years away' : 'has passed'}.`,
    { param: 'expires' },
  );
};
