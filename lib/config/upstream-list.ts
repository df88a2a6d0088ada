import * as z from 'zod/mini';
import { maxModelChars } from '../limits.ts';

/** In the list, the name of the upstream that the OPENAI_* variables describe. */
export const defaultUpstream = 'default';

const says = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined ? 'is missing' : `is not ${what}`,
});
const text = (pattern: RegExp, what: string) =>
  z.string(says(what)).check(z.regex(pattern, says(what)));

const isBaseUrl = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => !part);
};

const baseUrlWords = 'an http or https URL without credentials and query';
const name = text(
  /^[A-Za-z0-9][\w.-]{0,63}$/,
  'a name of at most 64 letters and digits with . _ or - between them',
);
const modelWords = `a text of 1 to ${maxModelChars} characters`;
const modelText = z
  .string(says(modelWords))
  .check(z.minLength(1, says(modelWords)), z.maxLength(maxModelChars, says(modelWords)));

const fallbacks = z.array(
  z.strictObject({ upstream: z.optional(name), model: modelText }, says('an object')),
  says('a list'),
);
const rule = z.union(
  [modelText, z.strictObject({ pattern: modelText, fallbacks })],
  says('a pattern or an object with pattern and fallbacks'),
);

const upstream = z.strictObject(
  {
    name,
    /** OpenAI's own when absent. */
    baseUrl: z.optional(
      z.pipe(
        z.string(says(baseUrlWords)).check(z.refine(isBaseUrl, says(baseUrlWords))),
        z.transform((url) => url.replace(/\/+$/, '')),
      ),
    ),
    apiKey: z.optional(text(/^\S+$/, 'a text without spaces')),
    /** The SSM parameter that holds the key. */
    apiKeyParameter: z.optional(text(/^[\w./-]{1,1011}$/, 'the name of an SSM parameter')),
    protocol: z.optional(z.enum(['chat', 'responses'], says('chat or responses'))),
    background: z.optional(z.enum(['auto', 'never'], says('auto or never'))),
    /** Which models it answers; one that only others fall back to needs none. */
    models: z._default(z.array(rule, says('a list')), []),
    /** For the models whose pattern has none of its own. */
    fallbacks: z._default(fallbacks, []),
  },
  says('an object'),
);
const listSchema = z.array(upstream, says('a list'));

type Parsed = z.infer<typeof upstream>;
export type Fallback = z.infer<typeof fallbacks>[number];
export type ModelRule = { readonly pattern: string; readonly fallbacks: readonly Fallback[] };
export type ListedUpstream = Readonly<Omit<Parsed, 'models'>> & {
  readonly rules: readonly ModelRule[];
};

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');

/** A key that was put where a field's name belongs must not be repeated either. */
const shownName = (key: string): string => (/^[A-Za-z]{1,24}$/.test(key) ? key : '(not shown)');

const describe = (issue: z.core.$ZodIssue): string => {
  const place = placeOf(issue.path);
  return issue.code === 'unrecognized_keys'
    ? `${place} has unknown fields: ${issue.keys.map(shownName).join(', ')}`
    : `${place} ${issue.message}`.trim();
};

const ownFields = ['baseUrl', 'apiKey', 'apiKeyParameter', 'protocol', 'background'] as const;

/** What is wrong between fields that are right one by one. */
const contradictions = (list: readonly Parsed[]): readonly string[] => {
  const names = list.map(({ name }) => name);
  const known = new Set([...names, defaultUpstream]);
  return list.flatMap((entry, at) => {
    const faults: string[] = [];
    if (names.indexOf(entry.name) < at) faults.push(`[${at}].name is taken already`);
    if (entry.apiKey !== undefined && entry.apiKeyParameter !== undefined) {
      faults.push(`[${at}] has both apiKey and apiKeyParameter`);
    }
    if (entry.name === defaultUpstream) {
      for (const field of ownFields.filter((own) => entry[own] !== undefined)) {
        faults.push(`[${at}].${field} is for the OPENAI_* variables to say`);
      }
    }
    const rules = entry.models.filter((rule) => typeof rule !== 'string');
    for (const { upstream } of [entry, ...rules].flatMap((holder) => holder.fallbacks)) {
      if (upstream === undefined || known.has(upstream)) continue;
      faults.push(`[${at}] falls back to ${upstream}, which is not in the list`);
    }
    return faults;
  });
};

const normalised = ({ models, ...entry }: Parsed): ListedUpstream => ({
  ...entry,
  rules: models.map((rule) =>
    typeof rule === 'string' ? { pattern: rule, fallbacks: entry.fallbacks } : rule,
  ),
});

/**
 * The list of upstreams in `UPSTREAMS`, a JSON array; every fault of it together. Values are not
 * repeated in a fault, since keys are among them.
 */
export const readUpstreamList = (
  json: string,
): { readonly value: readonly ListedUpstream[] } | { readonly fault: string } => {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    return { fault: 'is not JSON' };
  }
  const parsed = listSchema.safeParse(list);
  const faults = parsed.success ? contradictions(parsed.data) : parsed.error.issues.map(describe);
  if (parsed.success && faults.length === 0) return { value: parsed.data.map(normalised) };
  return { fault: faults.join(', ') };
};
