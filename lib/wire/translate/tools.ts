import { arrayOf, isJsonObject, objectsOf, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import { type Path, refuseOthers, untranslatable } from './untranslatable.ts';

const given = (object: JsonObject, ...fields: readonly string[]): JsonObject =>
  Object.fromEntries(
    fields.filter((name) => object[name] != null).map((name) => [name, object[name]]),
  );

const functionTool = (tool: JsonObject, path: Path): JsonObject => {
  if (tool['type'] !== 'function') {
    throw untranslatable(
      [...path, 'type'],
      `tools of type ${JSON.stringify(tool['type'])} are not available`,
    );
  }
  const known = ['type', 'name', 'description', 'parameters', 'strict'];
  // Said with false, this one asks for what happens anyway.
  const late = tool['defer_loading'] === false ? ['defer_loading'] : [];
  refuseOthers(tool, [...known, ...late], path);
  return { type: 'function', function: given(tool, 'name', 'description', 'parameters', 'strict') };
};

type Chosen = {
  readonly choice: unknown;
  /** The tools that may be called; all of them where undefined. */
  readonly allowed: readonly string[] | undefined;
};

/** Of functions alone: other tools cannot be offered. */
const allowedNames = (choice: JsonObject): readonly string[] =>
  arrayOf(choice['tools']).map((tool, index) => {
    const named = isJsonObject(tool) ? tool : {};
    const name = stringOf(named['name']);
    if (named['type'] === 'function' && name !== undefined) return name;
    throw untranslatable(['tool_choice', 'tools', index], 'only functions can be chosen');
  });

/**
 * Chat's own form of allowed tools is known to OpenAI alone; to offer no other tools says the same
 * to every server.
 */
const chosen = (choice: unknown): Chosen => {
  if (choice == null) return { choice: undefined, allowed: undefined };
  if (choice === 'auto' || choice === 'none' || choice === 'required') {
    return { choice, allowed: undefined };
  }
  if (!isJsonObject(choice)) {
    throw untranslatable(['tool_choice'], `the choice ${JSON.stringify(choice)} is not known`);
  }
  if (choice['type'] === 'function') {
    refuseOthers(choice, ['type', 'name'], ['tool_choice']);
    return {
      choice: { type: 'function', function: { name: choice['name'] } },
      allowed: undefined,
    };
  }
  if (choice['type'] === 'allowed_tools') {
    refuseOthers(choice, ['type', 'mode', 'tools'], ['tool_choice']);
    return { choice: choice['mode'] ?? 'auto', allowed: allowedNames(choice) };
  }
  throw untranslatable(['tool_choice', 'type'], 'only functions can be chosen');
};

const isOffered = (tool: JsonObject, allowed: readonly string[] | undefined): boolean =>
  allowed === undefined ||
  (isJsonObject(tool['function']) && allowed.includes(stringOf(tool['function']['name']) ?? ''));

/**
 * The fields of a chat request that are about tools. Without tools there is nothing to choose, and
 * servers refuse to be told so. Throws Fault `invalid_value` for all tools but functions.
 */
export const chatTools = (body: JsonObject): JsonObject => {
  const tools = objectsOf(body['tools']).map((tool, index) => functionTool(tool, ['tools', index]));
  const { choice, allowed } = chosen(body['tool_choice']);
  const offered = tools.filter((tool) => isOffered(tool, allowed));
  if (offered.length === 0) return choice === 'required' ? { tool_choice: choice } : {};
  return {
    tools: offered,
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...given(body, 'parallel_tool_calls'),
  };
};
