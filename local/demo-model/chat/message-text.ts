import { isJsonObject, jsonTypeName } from '../json.ts';
import { type Parsed, refused } from '../refusal.ts';

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

interface MessageText {
  readonly role: string;
  readonly text: string;
}

/** The role and text of one chat message; `path` names it in the refusal of a malformed one. */
export function parseMessageText(message: unknown, path: string): Parsed<MessageText> {
  if (!isJsonObject(message)) return wrongType(path, 'an object', message);
  const role = message['role'];
  if (role === undefined) {
    return refused(
      `Missing required parameter: '${path}.role'.`,
      `${path}.role`,
      'missing_required_parameter',
    );
  }
  if (typeof role !== 'string') return wrongType(`${path}.role`, 'a string', role);
  if (!roles.includes(role)) {
    const known = roles.join(', ');
    const shown = role.slice(0, 100);
    return refused(`Invalid role '${shown}'. Supported roles: ${known}.`, `${path}.role`);
  }
  const content = message['content'] ?? null;
  const mayBeSilent = role === 'assistant' || role === 'function';
  if (content === null && mayBeSilent) return { kind: 'parsed', value: { role, text: '' } };
  if (typeof content === 'string') return { kind: 'parsed', value: { role, text: content } };
  if (!Array.isArray(content)) {
    return wrongType(`${path}.content`, 'a string or an array of parts', message['content']);
  }
  const texts: string[] = [];
  for (const [index, part] of content.entries()) {
    const text = parsePart(part, `${path}.content[${index}]`);
    if (text.kind === 'refused') return text;
    texts.push(text.value);
  }
  return { kind: 'parsed', value: { role, text: texts.join('') } };
}

/** The text of a content part; parts that are not text (images, audio, files) have none. */
function parsePart(part: unknown, path: string): Parsed<string> {
  if (!isJsonObject(part)) return wrongType(path, 'an object', part);
  if (typeof part['type'] !== 'string') return wrongType(`${path}.type`, 'a string', part['type']);
  if (part['type'] !== 'text') return { kind: 'parsed', value: '' };
  if (typeof part['text'] !== 'string') return wrongType(`${path}.text`, 'a string', part['text']);
  return { kind: 'parsed', value: part['text'] };
}

function wrongType(param: string, wanted: string, value: unknown) {
  const message = `Invalid type for '${param}': expected ${wanted}, got ${jsonTypeName(value)}.`;
  return refused(message, param, 'invalid_type');
}
