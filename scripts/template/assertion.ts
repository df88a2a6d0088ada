import type { Json, Template } from './template.ts';

/** Something the service relies on that a template can break without being invalid. */
export type Assertion = {
  /** The promise, as one reads it in a failed check. */
  promise: string;
  /** One line for each place that breaks it; none when it holds. */
  violations(template: Template): string[];
};

/** No violation when both are the same JSON, else one that shows them. */
export function mustEqual(where: string, actual: Json | undefined, expected: Json): string[] {
  if (JSON.stringify(actual) === JSON.stringify(expected)) return [];
  return [`${where} is ${JSON.stringify(actual) ?? 'missing'}, not ${JSON.stringify(expected)}`];
}

/** No violation when the condition holds. */
export function mustHold(condition: boolean, violation: string): string[] {
  return condition ? [] : [violation];
}
