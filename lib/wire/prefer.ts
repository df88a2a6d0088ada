/** What a client prefers (RFC 7240); the rest of the header is none of our business. */
export type Preferences = {
  readonly respondAsync: boolean;
  /** How long the client will wait, at most the caller's maximum; undefined when it did not say. */
  readonly waitMs: number | undefined;
};

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quotedString = '"(?:[^"\\\\]|\\\\.)*"';
const assignment = `(${token})(?:[ \\t]*=[ \\t]*(${token}|${quotedString})?)?`;
/** A preference with its parameters (RFC 7240 §2), which none of ours has. */
const preference = new RegExp(`^${assignment}(?:[ \\t]*;[ \\t]*(?:${assignment})?)*$`, 's');
/** Up to the next comma that is not inside a quoted string. */
const listItem = new RegExp(`(?:[^",]|${quotedString}|")+`, 'gs');
/** Longer headers say nothing of ours, and are not worth a regular expression's time. */
const maxHeaderChars = 2_048;

const unquote = (word: string): string =>
  word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/gs, '$1') : word;

/** Name (lower case) to value; of a repeated preference the first counts, malformed ones do not. */
const readPreferences = (header: string): ReadonlyMap<string, string> => {
  const preferences = new Map<string, string>();
  if (header.length > maxHeaderChars) return preferences;
  for (const [item] of header.matchAll(listItem)) {
    const [, name, value = ''] = preference.exec(item.trim()) ?? [];
    if (name === undefined || preferences.has(name.toLowerCase())) continue;
    preferences.set(name.toLowerCase(), unquote(value));
  }
  return preferences;
};

/** Reads a Prefer header. Never throws: what cannot be understood is as if it were not there. */
export const parsePrefer = (header: string | undefined, maxWaitMs: number): Preferences => {
  const preferences = readPreferences(header ?? '');
  const wait = preferences.get('wait') ?? '';
  return {
    respondAsync: preferences.get('respond-async') === '',
    waitMs: /^\d+$/.test(wait) ? Math.min(Number(wait) * 1000, maxWaitMs) : undefined,
  };
};

/**
 * The value of Preference-Applied: what was honoured, with the wait that was really granted.
 * Undefined when nothing was.
 */
export const preferenceApplied = ({ respondAsync, waitMs }: Preferences): string | undefined => {
  const applied = [
    ...(respondAsync ? ['respond-async'] : []),
    ...(waitMs === undefined ? [] : [`wait=${Math.floor(waitMs / 1000)}`]),
  ];
  return applied.length === 0 ? undefined : applied.join(', ');
};
