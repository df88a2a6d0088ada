import { isJsonObject } from './json.ts';

/** Deeper than this, what may be left out is: a schema may refer to itself. */
const maxDepth = 6;
/** A schema that refers to itself in several places grows with every level; the rest is null. */
const maxValues = 10_000;

const formats: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  time: '12:00:00Z',
  'date-time': '2026-01-01T12:00:00Z',
  email: 'keeper@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
  hostname: 'example.com',
};

/**
 * A JSON value that fits the schema: always the same one for the same schema. Knows types, `enum`,
 * `const`, `properties`, `items`, `anyOf`, `oneOf`, `allOf`, local `$ref` and the common bounds;
 * what it does not know (`pattern`, `not`) may make it miss.
 */
export function sampleOf(schema: unknown): unknown {
  return sample(schema, { root: schema, depth: 0, name: 'demo', budget: { values: maxValues } });
}

interface Place {
  readonly root: unknown;
  readonly depth: number;
  /** The property it is for, which its text repeats. */
  readonly name: string;
  /** How many values may still be made, in the whole sample. */
  readonly budget: { values: number };
}

function sample(schema: unknown, place: Place): unknown {
  if (!isJsonObject(schema) || place.budget.values-- <= 0) return null;
  if (typeof schema['$ref'] === 'string') {
    return place.depth > 3 * maxDepth
      ? null
      : sample(resolve(schema['$ref'], place.root), deeper(place));
  }
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] ?? null;
  for (const union of [schema['anyOf'], schema['oneOf']]) {
    if (Array.isArray(union)) return sample(memberOf(union, place), deeper(place));
  }
  if (Array.isArray(schema['allOf'])) {
    const parts = schema['allOf'].map((part) => sample(part, deeper(place)));
    return parts.every(isJsonObject) ? Object.assign({}, ...parts) : parts[0];
  }
  switch (typeOf(schema, place)) {
    case 'object':
      return sampleObject(schema, place);
    case 'array':
      return sampleArray(schema, place);
    case 'string':
      return sampleString(schema, place);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function deeper(place: Place, name = place.name): Place {
  return { ...place, depth: place.depth + 1, name };
}

/** The first member; the one that ends the recursion when it went too deep. */
function memberOf(union: readonly unknown[], { depth }: Place): unknown {
  const ending = union.find((member) => isJsonObject(member) && member['type'] === 'null');
  return depth > maxDepth && ending !== undefined ? ending : union[0];
}

function typeOf(schema: Record<string, unknown>, { depth }: Place): unknown {
  const type = schema['type'] ?? (isJsonObject(schema['properties']) ? 'object' : undefined);
  if (!Array.isArray(type)) return type;
  return depth > maxDepth && type.includes('null') ? 'null' : type[0];
}

function sampleObject(schema: Record<string, unknown>, place: Place): unknown {
  const { properties, required } = schema;
  if (!isJsonObject(properties)) return {};
  const needed = Array.isArray(required) ? required : [];
  const names = Object.keys(properties).filter(
    (name) => place.depth <= maxDepth || needed.includes(name),
  );
  return Object.fromEntries(
    names.map((name) => [name, sample(properties[name], deeper(place, name))]),
  );
}

function sampleArray(schema: Record<string, unknown>, place: Place): unknown {
  const min = numberIn(schema, 'minItems') ?? 0;
  const max = numberIn(schema, 'maxItems') ?? Number.POSITIVE_INFINITY;
  const wanted = place.depth > maxDepth ? min : Math.max(2, min);
  const length = Math.min(wanted, max, 1_000);
  return Array.from({ length }, () => sample(schema['items'], deeper(place)));
}

function sampleString(schema: Record<string, unknown>, { name }: Place): string {
  const format = formats[String(schema['format'])];
  if (format !== undefined) return format;
  const min = Math.min(numberIn(schema, 'minLength') ?? 0, 10_000);
  const text = `demo ${name}`.padEnd(min, '.');
  return text.slice(0, numberIn(schema, 'maxLength') ?? text.length);
}

function sampleNumber(schema: Record<string, unknown>): number {
  const step = numberIn(schema, 'multipleOf') ?? 1;
  const above = numberIn(schema, 'exclusiveMinimum');
  const below = numberIn(schema, 'exclusiveMaximum');
  const min = numberIn(schema, 'minimum') ?? (above === null ? null : above + step);
  const max = numberIn(schema, 'maximum') ?? (below === null ? null : below - step);
  const near = Math.min(Math.max(7, min ?? 7), max ?? Number.POSITIVE_INFINITY);
  const rounded = Math.ceil(near / step) * step;
  return max !== null && rounded > max ? Math.floor(near / step) * step : rounded;
}

function numberIn(schema: Record<string, unknown>, field: string): number | null {
  const value = schema[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** What `#/$defs/name` names; nothing when it is not there. */
function resolve(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return null;
  let value: unknown = root;
  for (const step of reference.split('/').slice(1)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return null;
    value = value[name];
  }
  return value;
}
