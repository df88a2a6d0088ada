interface WrittenCall {
  readonly name: string;
  /** JSON; `{}` where none was written. */
  readonly arguments: string;
}

const callMark = /\bcall:([\w.-]{1,128})/g;
const maxCalls = 32;

/** The calls that a message asks for with `call:NAME {json}`, in order. */
export function findCalls(message: string): WrittenCall[] {
  const calls: WrittenCall[] = [];
  for (const match of message.matchAll(callMark)) {
    if (calls.length === maxCalls) break;
    const rest = message.slice(match.index + match[0].length).trimStart();
    calls.push({ name: match[1] ?? '', arguments: leadingObject(rest) });
  }
  return calls;
}

/** The JSON object that the text starts with, written compactly. */
function leadingObject(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text.slice(0, objectEnd(text))));
  } catch {
    return '{}';
  }
}

/** Where the braces that the text starts with are closed; 0 when it starts with something else. */
function objectEnd(text: string): number {
  if (!text.startsWith('{')) return 0;
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (mark === '{') depth++;
    if (mark === '}') depth--;
    if (depth === 0) return index + 1;
  }
  return 0;
}
