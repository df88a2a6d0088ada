import { isJsonObject } from './json.ts';
import { missing, type Parsed, wrongType } from './refusal.ts';

/** A function the model may call. */
export interface FunctionTool {
  readonly name: string;
  /** A JSON schema. */
  readonly parameters: unknown;
}

type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** What a request asks to be written, whatever its protocol. */
export interface Ask {
  /** The last user message. */
  readonly message: string;
  /** What a tool answered after it; null when none did. */
  readonly toolResult: string | null;
  readonly tools: readonly FunctionTool[];
  readonly toolChoice: ToolChoice;
  /** Whether several functions may be called at once. */
  readonly parallel: boolean;
  /** The JSON schema to write to; null for plain text. */
  readonly schema: unknown;
}

type Asked = Omit<Ask, 'message' | 'toolResult'>;

/** How the protocols differ: where a tool keeps its function, and the format of the text. */
interface Shape {
  readonly functionField: 'function' | null;
  readonly format: unknown;
}

/** Reads tools, tool choice and output format; refused when a tool is malformed. */
export function parseAsked(body: Record<string, unknown>, shape: Shape): Parsed<Asked> {
  const tools = parseTools(body['tools'] ?? [], shape.functionField);
  if (tools.kind === 'refused') return tools;
  const value = {
    tools: tools.value,
    toolChoice: toolChoiceOf(body['tool_choice']),
    parallel: body['parallel_tool_calls'] !== false,
    schema: schemaOf(shape.format),
  };
  return { kind: 'parsed', value };
}

function parseTools(
  tools: unknown,
  functionField: Shape['functionField'],
): Parsed<readonly FunctionTool[]> {
  if (!Array.isArray(tools)) return wrongType('tools', 'an array of objects', tools);
  const functions: FunctionTool[] = [];
  for (const [index, tool] of tools.entries()) {
    const path = `tools[${index}]`;
    if (!isJsonObject(tool)) return wrongType(path, 'an object', tool);
    if (tool['type'] === undefined) return missing(`${path}.type`);
    if (typeof tool['type'] !== 'string')
      return wrongType(`${path}.type`, 'a string', tool['type']);
    if (tool['type'] !== 'function') continue;
    const place = functionField === null ? path : `${path}.${functionField}`;
    const named = functionField === null ? tool : tool[functionField];
    if (named === undefined) return missing(place);
    if (!isJsonObject(named)) return wrongType(place, 'an object', named);
    const { name, parameters } = named;
    if (name === undefined) return missing(`${place}.name`);
    if (typeof name !== 'string') return wrongType(`${place}.name`, 'a string', name);
    functions.push({ name, parameters });
  }
  return { kind: 'parsed', value: functions };
}

function toolChoiceOf(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return choice;
  if (!isJsonObject(choice)) return 'auto';
  const named = isJsonObject(choice['function']) ? choice['function'] : choice;
  return typeof named['name'] === 'string' ? { name: named['name'] } : 'auto';
}

const anyObject = {
  type: 'object',
  properties: { demo: { const: true }, text: { type: 'string' } },
};

function schemaOf(format: unknown): unknown {
  if (!isJsonObject(format)) return null;
  if (format['type'] === 'json_object') return anyObject;
  if (format['type'] !== 'json_schema') return null;
  const nested = format['json_schema'];
  return (isJsonObject(nested) ? nested['schema'] : format['schema']) ?? anyObject;
}
