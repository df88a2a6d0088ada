const maxShownChars = 64;
const maxParamChars = 200;

const shorten = (text: string): string =>
  text.length > maxShownChars ? `${text.slice(0, maxShownChars).toWellFormed()}…` : text;

/** The name of a field as shown to the client: harmless and of bounded length. */
export const showName = (name: string): string => {
  const json = JSON.stringify(shorten(name));
  return json.slice(1, -1);
};

/**
 * The place of a value in a body as OpenAI's errors name it: `messages[2].content`. Undefined for
 * the body itself.
 */
export const formatParam = (path: readonly PropertyKey[]): string | undefined => {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`;
    const name = showName(String(key));
    return /^[\w$-]+…?$/.test(name) ? `.${name}` : `["${name}"]`;
  });
  const all = parts.join('').replace(/^\./, '');
  const param = all.length > maxParamChars ? `${all.slice(0, maxParamChars)}…` : all;
  return param === '' ? undefined : param;
};

/** What a value is, in words for the client that sent it; long texts are not repeated. */
export const describeValue = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return `an object of ${Object.keys(value).length}`;
  if (typeof value !== 'string') return String(value);
  if (value === '') return 'an empty string';
  return value.length > maxShownChars
    ? `a string of ${value.length} characters`
    : JSON.stringify(value);
};
