import { isJsonObject } from '../json.ts';
import { missing, type Parsed, refused, wrongType } from '../refusal.ts';

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

interface MessageText {
  readonly role: string;
  readonly text: string;
  /** How many images it shows. */
  readonly images: number;
}

/** The role and text of one chat message; `path` names it in the refusal of a malformed one. */
export function parseMessageText(message: unknown, path: string): Parsed<MessageText> {
  if (!isJsonObject(message)) return wrongType(path, 'an object', message);
  const role = message['role'];
  if (role === undefined) return missing(`${path}.role`);
  if (typeof role !== 'string') return wrongType(`${path}.role`, 'a string', role);
  if (!roles.includes(role)) {
    const known = roles.join(', ');
    const shown = role.slice(0, 100);
    return refused(`Invalid role '${shown}'. Supported roles: ${known}.`, `${path}.role`);
  }
  const content = message['content'] ?? null;
  const mayBeSilent = role === 'assistant' || role === 'function';
  if (content === null && mayBeSilent) {
    return { kind: 'parsed', value: { role, text: '', images: 0 } };
  }
  if (typeof content === 'string') {
    return { kind: 'parsed', value: { role, text: content, images: 0 } };
  }
  if (!Array.isArray(content)) {
    return wrongType(`${path}.content`, 'a string or an array of parts', message['content']);
  }
  const texts: string[] = [];
  let images = 0;
  for (const [index, part] of content.entries()) {
    const text = parsePart(part, `${path}.content[${index}]`);
    if (text.kind === 'refused') return text;
    if (text.value === null) images++;
    else texts.push(text.value);
  }
  return { kind: 'parsed', value: { role, text: texts.join(''), images } };
}

/** The text of a content part, null for an image; other parts (audio, files) have no text. */
function parsePart(part: unknown, path: string): Parsed<string | null> {
  if (!isJsonObject(part)) return wrongType(path, 'an object', part);
  if (typeof part['type'] !== 'string') return wrongType(`${path}.type`, 'a string', part['type']);
  if (part['type'] === 'image_url') return parseImage(part['image_url'], `${path}.image_url`);
  if (part['type'] !== 'text') return { kind: 'parsed', value: '' };
  if (typeof part['text'] !== 'string') return wrongType(`${path}.text`, 'a string', part['text']);
  return { kind: 'parsed', value: part['text'] };
}

function parseImage(image: unknown, path: string): Parsed<null> {
  if (!isJsonObject(image)) return wrongType(path, 'an object', image);
  if (typeof image['url'] !== 'string') return wrongType(`${path}.url`, 'a string', image['url']);
  return { kind: 'parsed', value: null };
}
