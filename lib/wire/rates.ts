import { after, type EpochMs, epochMs } from '../job/time.ts';
import type { TenantLimits } from './tenant-limits.ts';

/** One rate limit of a tenant; what is left of it is known once a request was counted. */
type Rate = {
  readonly limit: number;
  readonly remaining?: number;
  /** Until all of it is there again. */
  readonly resetMs?: number;
};

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const windowOf = (nowMs: EpochMs, lengthMs: number) => {
  const startMs = epochMs(Math.floor(nowMs / lengthMs) * lengthMs);
  return { startMs, leftMs: after(startMs, lengthMs) - nowMs };
};

/** The minute of the clock and the day in UTC, such as `2026-11-20`, by which tenants are counted. */
export const rateWindow = (nowMs: EpochMs) => ({
  minute: windowOf(nowMs, minuteMs),
  day: {
    ...windowOf(nowMs, dayMs),
    name: new Date(nowMs).toISOString().slice(0, 'yyyy-mm-dd'.length),
  },
});

/** What is known of a tenant's rate limits while one of its requests is answered; filled in then. */
export type Rates = { requests?: Rate; tokens?: Rate };

export const ratesOf = ({ requestsPerMinute, tokensPerDay }: TenantLimits): Rates => ({
  ...(requestsPerMinute === undefined ? {} : { requests: { limit: requestsPerMinute } }),
  ...(tokensPerDay === undefined ? {} : { tokens: { limit: tokensPerDay } }),
});

/** As OpenAI writes them: `1s`, `6m0s`, `5h3m20s` (platform.openai.com, "Rate limits", 2026-11). */
export const durationText = (ms: number): string => {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds}s`;
  const rest = `${minutes % 60}m${seconds % 60}s`;
  return hours === 0 ? rest : `${hours}h${rest}`;
};

const headersOf = (what: string, { limit, remaining, resetMs }: Rate): Record<string, string> => ({
  [`x-ratelimit-limit-${what}`]: String(limit),
  ...(remaining === undefined
    ? {}
    : { [`x-ratelimit-remaining-${what}`]: String(Math.max(0, remaining)) }),
  ...(resetMs === undefined ? {} : { [`x-ratelimit-reset-${what}`]: durationText(resetMs) }),
});

/** OpenAI's headers for as much as is known; none for a tenant without such limits. */
export const rateHeaders = ({ requests, tokens }: Rates): Record<string, string> => ({
  ...(requests === undefined ? {} : headersOf('requests', requests)),
  ...(tokens === undefined ? {} : headersOf('tokens', tokens)),
});
