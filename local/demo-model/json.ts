/** True for a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name of a JSON value's type, worded for an error message. */
export function jsonTypeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (Number.isInteger(value)) return 'an integer';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number') return 'a decimal number';
  return typeof value === 'boolean' ? 'a boolean' : 'a string';
}
