const whenFinite = (ms: number): number | undefined =>
  Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined;

const decimal = /^\s*\d+(\.\d+)?\s*$/;
/** Every form of an HTTP date begins with the day's name; Date.parse alone takes "-5" for a year. */
const httpDate = /^\s*[A-Z][a-z]{2}/;

/**
 * How long the upstream asks to wait: `retry-after-ms` (OpenAI's), else `Retry-After` in seconds or
 * as a date (RFC 9110, section 10.2.3). Undefined when it asks nothing or nothing readable.
 */
export const retryAfterMs = (headers: Headers, nowMs: number): number | undefined => {
  const exact = headers.get('retry-after-ms');
  if (exact !== null && decimal.test(exact)) return whenFinite(Number(exact));
  const standard = headers.get('retry-after');
  if (standard === null) return undefined;
  if (decimal.test(standard)) return whenFinite(Number(standard) * 1000);
  return httpDate.test(standard) ? whenFinite(Date.parse(standard) - nowMs) : undefined;
};
