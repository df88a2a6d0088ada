/** Where a text stops being JSON (RFC 8259). */
export type JsonFault = {
  /** Both counted from 1; columns in UTF-16 units, as editors count them. */
  readonly line: number;
  readonly column: number;
  /** The character that stands there; undefined when the text ends too early. */
  readonly found: string | undefined;
};

/** What may come next. */
type State = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | 'comma or end';

const blank = /[ \t\n\r]*/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** The end of what `pattern` matches at `offset`: `offset` itself when nothing does. */
const skip = (pattern: RegExp, text: string, offset: number): number => {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
};

/** The string that begins at `start`: its end, or the offset of what cannot stand in it. */
const skipString = (text: string, start: number): { end: number } | { faultAt: number } => {
  let at = start + 1;
  while (at < text.length) {
    if (text[at] === '"') return { end: at + 1 };
    if (text.charCodeAt(at) < 0x20) return { faultAt: at };
    const end = text[at] === '\\' ? skip(escapeSequence, text, at) : at + 1;
    if (end === at) return { faultAt: at };
    at = end;
  }
  return { faultAt: at };
};

/** The state after a punctuation mark; undefined where it may not stand. Keeps `closers` up to date. */
const punctuate = (state: State, mark: string, closers: string[]): State | undefined => {
  const takesValue = state === 'value' || state === 'value or ]';
  const closes = state === 'comma or end' || state.endsWith(mark);
  if (mark === closers.at(-1) && closes) {
    closers.pop();
    return 'comma or end';
  }
  if (mark === '{' && takesValue) {
    closers.push('}');
    return 'name or }';
  }
  if (mark === '[' && takesValue) {
    closers.push(']');
    return 'value or ]';
  }
  if (mark === ':' && state === 'colon') return 'value';
  if (mark === ',' && state === 'comma or end' && closers.length > 0) {
    return closers.at(-1) === '}' ? 'name' : 'value';
  }
  return undefined;
};

/** The offset of the fault; undefined when the text is JSON. Linear in its length, without recursion. */
const faultOffset = (text: string): number | undefined => {
  const closers: string[] = [];
  let state: State = 'value';
  let at = skip(blank, text, 0);
  while (at < text.length) {
    const takesValue: boolean = state === 'value' || state === 'value or ]';
    const takesName: boolean = state === 'name' || state === 'name or }';
    const char = text.charAt(at);
    let end = at + 1;
    if (char === '"' && (takesValue || takesName)) {
      const string = skipString(text, at);
      if ('faultAt' in string) return string.faultAt;
      end = string.end;
      state = takesName ? 'colon' : 'comma or end';
    } else if (takesValue && skip(scalar, text, at) > at) {
      end = skip(scalar, text, at);
      state = 'comma or end';
    } else {
      const next: State | undefined = punctuate(state, char, closers);
      if (next === undefined) return at;
      state = next;
    }
    at = skip(blank, text, end);
  }
  return state === 'comma or end' && closers.length === 0 ? undefined : at;
};

/** Finds what `JSON.parse` refuses; undefined when the text is JSON. */
export const locateJsonFault = (text: string): JsonFault | undefined => {
  const offset = faultOffset(text);
  if (offset === undefined) return undefined;
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  const codePoint = text.codePointAt(offset);
  const found = codePoint === undefined ? undefined : String.fromCodePoint(codePoint);
  return { line, column: offset - lineStart + 1, found };
};
