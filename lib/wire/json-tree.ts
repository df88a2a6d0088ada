import { Fault } from '../errors.ts';
import { maxJsonLevels, maxJsonValues } from '../limits.ts';
import { formatParam } from './param.ts';

/** An array or object on the way from the body to a value. */
type Node = {
  readonly value: object;
  readonly key: string | number;
  readonly parent: Node | undefined;
  readonly level: number;
};

const refuse = (parent: Node | undefined, key: string | number, why: string): never => {
  const path = [key];
  for (let at = parent; at?.parent !== undefined; at = at.parent) path.unshift(at.key);
  const param = parent === undefined ? undefined : formatParam(path);
  const where = param === undefined ? 'body' : `'${param}'`;
  throw new Fault(
    'invalid_value',
    `Invalid ${where}: ${why}.`,
    param === undefined ? {} : { param },
  );
};

const checkText = (text: string, parent: Node | undefined, key: string | number): void => {
  if (!text.isWellFormed()) refuse(parent, key, 'the text holds half of a surrogate pair');
};

const checkName = (name: string, parent: Node): void => {
  if (name === '__proto__') refuse(parent, name, 'this name is not allowed');
  checkText(name, parent, name);
};

const entries = (value: object): Iterable<readonly [string | number, unknown]> =>
  Array.isArray(value) ? value.entries() : Object.entries(value);

/**
 * Refuses what JSON allows and what would be lost or harmful further on: nesting that ends a stack,
 * more values than memory holds, `__proto__` as a name, numbers beyond a double's range (written out
 * again they would be null), and half surrogate pairs, which are not text (UTF-8 cannot hold them). Throws Fault `invalid_value` naming the place. Linear in the body's size.
 */
export const checkJsonTree = (body: unknown): void => {
  const open: Node[] = [];
  let values = 0;
  const visit = (value: unknown, parent: Node | undefined, key: string | number): void => {
    values += 1;
    if (values > maxJsonValues) refuse(undefined, '', `it holds more than ${maxJsonValues} values`);
    if (typeof value === 'string') checkText(value, parent, key);
    if (value === Infinity || value === -Infinity) refuse(parent, key, 'the number is too large');
    if (typeof value !== 'object' || value === null) return;
    const level = (parent?.level ?? 0) + 1;
    if (level > maxJsonLevels)
      refuse(parent, key, `it is nested deeper than ${maxJsonLevels} levels`);
    open.push({ value, key, parent, level });
  };
  visit(body, undefined, '');
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const [key, value] of entries(node.value)) {
      if (typeof key === 'string') checkName(key, node);
      visit(value, node, key);
    }
  }
};
