import type * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { describeValue, formatParam, showName } from './param.ts';

type Issue = z.core.$ZodIssue;

const maxShownNames = 20;

/** The value at `path`; undefined where there is none. Reads own fields only. */
const valueAt = (body: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    body,
  );

/**
 * The issue worth telling: of a union whose member matched in kind, what is wrong inside that member,
 * since "expected a string or an array" helps nobody who sent an array.
 */
const pinpoint = (issue: Issue): Issue => {
  if (issue.code !== 'invalid_union') return issue;
  const inside = issue.errors.flatMap(([first]) =>
    first !== undefined && first.path.length > 0 ? [pinpoint(first)] : [],
  );
  const deepest = inside.toSorted((a, b) => b.path.length - a.path.length)[0];
  return deepest === undefined ? issue : { ...deepest, path: [...issue.path, ...deepest.path] };
};

const unknownParameters = (issue: Extract<Issue, { code: 'unrecognized_keys' }>): Fault => {
  const params = issue.keys.map((key) => formatParam([...issue.path, key]) ?? showName(key));
  const shown = params.slice(0, maxShownNames).map((param) => `'${param}'`);
  const more = params.length - shown.length;
  const names = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  const [param = ''] = params;
  return new Fault(
    'unknown_parameter',
    `Unknown ${params.length === 1 ? 'parameter' : 'parameters'}: ${names}.`,
    { param },
  );
};

/**
 * The first of a schema's issues as a Fault: `unknown_parameter`, `missing_required_parameter` or
 * `invalid_value`. The schema's own messages must say what is expected: "a number from 0 to 2".
 */
export const schemaFault = (error: z.core.$ZodError, body: unknown): Fault => {
  const [first] = error.issues;
  if (first === undefined) return new Fault('invalid_value', 'The body is not valid.');
  const issue = pinpoint(first);
  if (issue.code === 'unrecognized_keys') return unknownParameters(issue);
  const param = formatParam(issue.path);
  if (param === undefined) {
    return new Fault('invalid_value', `Expected ${issue.message}, got ${describeValue(body)}.`);
  }
  const found = issue.code === 'invalid_key' ? issue.path.at(-1) : valueAt(body, issue.path);
  if (found === undefined) {
    const message = `Missing required parameter: '${param}' (${issue.message}).`;
    return new Fault('missing_required_parameter', message, { param });
  }
  const message = `Invalid '${param}': expected ${issue.message}, got ${describeValue(found)}.`;
  return new Fault('invalid_value', message, { param });
};
