import { type Parsed, refused, wrongType } from './refusal.ts';

/** Bounds as in OpenAI's API reference (read 2026-11), the same for both protocols. */
const decimalRanges = [
  ['temperature', 0, 2],
  ['top_p', 0, 1],
  ['presence_penalty', -2, 2],
  ['frequency_penalty', -2, 2],
] as const;

/** Refused when a sampling parameter has the wrong type or range. */
export function checkDecimals(body: Record<string, unknown>): Parsed<null> {
  for (const [param, min, max] of decimalRanges) {
    const value = body[param] ?? null;
    if (value === null) continue;
    if (typeof value !== 'number') return wrongType(param, 'a decimal number', value);
    if (value < min || value > max) {
      const message = `Invalid '${param}': must be from ${min} to ${max}.`;
      return refused(message, param, 'decimal_out_of_range');
    }
  }
  return { kind: 'parsed', value: null };
}

/** A limit of output tokens; null when none is set. */
export function parseTokenLimit(
  body: Record<string, unknown>,
  param: string,
): Parsed<number | null> {
  const value = body[param] ?? null;
  if (value === null) return { kind: 'parsed', value };
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return wrongType(param, 'an integer', value);
  }
  if (value < 1) {
    return refused(`Invalid '${param}': must be 1 or more.`, param, 'integer_below_min_value');
  }
  return { kind: 'parsed', value };
}

/** A flag that may be left out or null, which is false unless said otherwise. */
export function parseFlag(
  body: Record<string, unknown>,
  param: string,
  unset = false,
): Parsed<boolean> {
  const value = body[param] ?? unset;
  if (typeof value !== 'boolean') return wrongType(param, 'a boolean', value);
  return { kind: 'parsed', value };
}
