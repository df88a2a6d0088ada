import { Fault } from '../../errors.ts';
import { arrayOf, isJsonObject } from '../json-object.ts';
import { formatParam } from '../param.ts';
import type { JsonObject } from '../production.ts';
import { isReference } from './item-schema.ts';

type Path = readonly PropertyKey[];

/**
 * Fields that name an object of the account whose key the upstream is called with, wherever they
 * stand (OpenAI's API reference, "Create a model response"; read 2026-11): files, vector stores,
 * containers, skills and tunnels to private MCP servers, and the response that a prompt cache is
 * compared with.
 */
const references: ReadonlySet<string> = new Set([
  'file_id',
  'file_ids',
  'vector_store_id',
  'vector_store_ids',
  'container_id',
  'skill_id',
  'tunnel_id',
  'comparison_response_id',
]);

/**
 * The client's own words, in which such a name refers to nothing: schemas of tools and of the
 * output, arguments, labels. Annotations quote where a text came from, and nothing is read by them.
 */
const notWalked: ReadonlySet<string> = new Set([
  'annotations',
  'arguments',
  'input_schema',
  'metadata',
  'output_schema',
  'parameters',
  'schema',
]);

const refuse = (path: Path): never => {
  const param = formatParam(path) ?? 'input';
  throw new Fault(
    'invalid_value',
    `Invalid '${param}': it refers to an object in the upstream's account, which is not open to this key. Send the content itself; earlier turns can be named by 'previous_response_id'.`,
    { param },
  );
};

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

const isReferenceField = (name: string, value: unknown): boolean =>
  references.has(name) || (name === 'container' && typeof value === 'string');

/** Recursion is bounded: the body's levels were counted before. */
const walk = (value: unknown, path: Path): void => {
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) walk(member, [...path, index]);
    return;
  }
  if (!isJsonObject(value)) return;
  if (value['type'] === 'item_reference') refuse(path);
  // Without its picture it is only the name of one.
  if (value['type'] === 'image_generation_call' && !isGiven(value['result'])) refuse(path);
  for (const [name, member] of Object.entries(value)) {
    if (notWalked.has(name)) continue;
    if (isReferenceField(name, member) && isGiven(member)) refuse([...path, name]);
    walk(member, [...path, name]);
  }
};

/**
 * Tenants share the upstream's account, so what refers to objects that live there is refused: Fault
 * `invalid_value` naming the field.
 */
export const checkReferences = (body: JsonObject): void => {
  if (isGiven(body['conversation'])) refuse(['conversation']);
  if (isGiven(body['prompt'])) refuse(['prompt', 'id']);
  for (const [index, item] of arrayOf(body['input']).entries()) {
    if (isJsonObject(item) && isReference(item)) refuse(['input', index]);
  }
  walk(body, []);
};
