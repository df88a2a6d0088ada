import { StartFault } from '../start-fault.ts';

/** What the intrinsic functions of a template are resolved against. */
export type Scope = {
  /** The value of `Ref name`: a pseudo-parameter, a parameter or a resource. */
  ref(name: string): unknown;
  /** The value of `Fn::GetAtt [logicalId, attribute]`. */
  attribute(logicalId: string, attribute: string): unknown;
  /** Whether the named condition of the template holds. */
  holds(condition: string): boolean;
  /** The value of `Fn::FindInMap [map, top, second]`. */
  mapped(map: string, top: string, second: string): unknown;
};

/** What `AWS::NoValue` resolves to: the property or list entry that holds it is left out. */
export const noValue = Symbol('AWS::NoValue');

type Place = { scope: Scope; at: string };
type Intrinsic = (argument: unknown, place: Place) => unknown;

const intrinsics: Record<string, Intrinsic> = {
  Ref: (argument, place) => place.scope.ref(text(argument, place)),
  Condition: (argument, place) => place.scope.holds(text(argument, place)),
  'Fn::GetAtt': (argument, place) => {
    const [logicalId, attribute] = getAttParts(argument, place);
    return place.scope.attribute(logicalId, attribute);
  },
  'Fn::Join': (argument, place) => {
    const [separator, parts] = list(argument, place, 2);
    return texts(parts, place).join(text(separator, place));
  },
  'Fn::Split': (argument, place) => {
    const [separator, source] = list(argument, place, 2);
    return text(source, place).split(text(separator, place));
  },
  'Fn::Select': (argument, place) => {
    const [index, source] = list(argument, place, 2);
    return list(source, place)[Number(resolveAt(index, place))];
  },
  'Fn::Sub': substitute,
  'Fn::FindInMap': (argument, place) => {
    const [map, top, second] = list(argument, place, 3);
    return place.scope.mapped(text(map, place), text(top, place), text(second, place));
  },
  'Fn::If': (argument, place) => {
    const [condition, yes, no] = list(argument, place, 3, false);
    return resolveAt(place.scope.holds(text(condition, place)) ? yes : no, place);
  },
  'Fn::Equals': (argument, place) => {
    const [left, right] = list(argument, place, 2);
    return String(left) === String(right);
  },
  'Fn::Not': (argument, place) => list(argument, place, 1)[0] !== true,
  'Fn::And': (argument, place) => list(argument, place).every((value) => value === true),
  'Fn::Or': (argument, place) => list(argument, place).some((value) => value === true),
};

/**
 * The value with every intrinsic function replaced by what it stands for. `at` is the place in the
 * template, for the message of the `StartFault` thrown for an intrinsic that is not known here.
 */
export function resolve(value: unknown, scope: Scope, at: string): unknown {
  return resolveAt(value, { scope, at });
}

function resolveAt(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) {
    return value
      .map((entry, index) => resolveAt(entry, { ...place, at: `${place.at}[${index}]` }))
      .filter((entry) => entry !== noValue);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined) {
    const [name, argument] = only;
    const intrinsic = intrinsics[name];
    if (intrinsic !== undefined) return intrinsic(argument, place);
    if (name.startsWith('Fn::')) fail(place, `${name} is not supported by the local runtime`);
  }
  const resolved = entries
    .map(([name, entry]) => [name, resolveAt(entry, { ...place, at: `${place.at}.${name}` })])
    .filter(([, entry]) => entry !== noValue);
  return Object.fromEntries(resolved);
}

function substitute(argument: unknown, place: Place): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const own = new Map(Object.entries(resolveRecord(variables, place)));
  return text(template, place).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal, inside) => {
    const name = String(inside).trim();
    if (literal === '!') return `\${${name}}`;
    if (own.has(name)) return String(own.get(name));
    const dot = name.indexOf('.');
    return String(
      dot < 0
        ? place.scope.ref(name)
        : place.scope.attribute(name.slice(0, dot), name.slice(dot + 1)),
    );
  });
}

function resolveRecord(value: unknown, place: Place): object {
  const resolved = resolveAt(value ?? {}, place);
  if (typeof resolved === 'object' && resolved !== null) return resolved;
  return fail(place, 'the variables of Fn::Sub must be an object');
}

function getAttParts(argument: unknown, place: Place): [string, string] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  const [logicalId, attribute] = list(argument, place, 2);
  return [text(logicalId, place), text(attribute, place)];
}

function list(argument: unknown, place: Place, length?: number, resolved = true): unknown[] {
  const value = resolved ? resolveAt(argument, place) : argument;
  if (Array.isArray(value) && (length === undefined || value.length === length)) return value;
  return fail(place, `expected a list${length === undefined ? '' : ` of ${length}`}`);
}

function texts(value: unknown, place: Place): string[] {
  return list(value, place).map((entry) => text(entry, place));
}

function text(argument: unknown, place: Place): string {
  const value = resolveAt(argument, place);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return fail(place, `expected text, found ${JSON.stringify(value)}`);
}

function fail(place: Place, what: string): never {
  throw new StartFault(`The packaged template cannot run here: ${place.at}: ${what}.`);
}
