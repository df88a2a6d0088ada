import { isOpenai } from '../adapters/openai-dialect.ts';
import { openaiOnDemand } from '../adapters/openai-on-demand.ts';
import { secret } from '../adapters/secrets.ts';
import { defaultUpstream, type Fallback, type ListedUpstream } from '../config/upstream-list.ts';
import type { Settings } from '../config.ts';
import { Fault } from '../errors.ts';
import type { Clock } from '../ports/system.ts';
import type { UpstreamServer, Upstreams } from '../ports/upstreams.ts';
import { matchesModel } from '../wire/model-pattern.ts';

export const upstreamsNames = [
  'OPENAI_API_KEY',
  'OPENAI_API_KEY_PARAMETER',
  'OPENAI_BASE_URL',
  'OPENAI_MODEL',
  'OPENAI_PROTOCOL',
  'UPSTREAM_BACKGROUND',
  'UPSTREAMS',
] as const;

type UpstreamsSettings = Settings<(typeof upstreamsNames)[number]>;

/** The host is the name in the ledger, whatever else is configured. */
const nameOf = (baseUrl: string | undefined): string =>
  baseUrl === undefined ? 'api.openai.com' : new URL(baseUrl).host;

type Described = Omit<ListedUpstream, 'rules' | 'fallbacks'>;

const described = (settings: UpstreamsSettings): Described => ({
  name: nameOf(settings.OPENAI_BASE_URL),
  baseUrl: settings.OPENAI_BASE_URL,
  apiKey: settings.OPENAI_API_KEY,
  apiKeyParameter: settings.OPENAI_API_KEY_PARAMETER,
  protocol: settings.OPENAI_PROTOCOL,
});

const serverOf = (entry: Described, settings: UpstreamsSettings, clock: Clock): UpstreamServer =>
  openaiOnDemand({
    name: entry.name,
    ...(entry.baseUrl === undefined ? {} : { baseUrl: entry.baseUrl }),
    apiKey: secret(entry.apiKey, entry.apiKeyParameter, clock),
    protocol: entry.protocol ?? (isOpenai(entry.baseUrl) ? 'responses' : 'chat'),
    background: entry.background ?? settings.UPSTREAM_BACKGROUND,
    clock,
  });

/**
 * The upstreams of `UPSTREAMS`, and the one that the `OPENAI_*` settings describe for every model
 * that none of them has a pattern for. Throws Fault `misconfigured` when two have one name.
 */
export const upstreamsFrom = (settings: UpstreamsSettings, clock: Clock): Upstreams => {
  const list = settings.UPSTREAMS;
  const fallback = serverOf(described(settings), settings, clock);
  if (list.some(({ name }) => name === fallback.name)) {
    throw new Fault(
      'misconfigured',
      `The configuration is wrong: UPSTREAMS has an upstream ${fallback.name}, which is the name of the one of the OPENAI_* variables.`,
    );
  }
  const listed = new Map(
    list.map((entry) => [
      entry.name,
      entry.name === defaultUpstream ? fallback : serverOf(entry, settings, clock),
    ]),
  );
  const serverNamed = (name: string): UpstreamServer => listed.get(name) ?? fallback;
  const inNoPattern = list.find(({ name }) => name === defaultUpstream)?.fallbacks ?? [];

  const choose = (model: string): readonly [UpstreamServer, readonly Fallback[]] => {
    for (const { name, rules } of list) {
      const rule = rules.find(({ pattern }) => matchesModel(pattern, model));
      if (rule !== undefined) return [serverNamed(name), rule.fallbacks];
    }
    return [fallback, inNoPattern];
  };

  return {
    defaultModel: settings.OPENAI_MODEL,
    route: (model) => {
      const [first, others] = choose(model);
      const targets = others.map((other) => ({
        upstream: other.upstream === undefined ? first : serverNamed(other.upstream),
        model: other.model,
      }));
      const route: { readonly upstream: UpstreamServer; readonly model: string }[] = [];
      for (const target of [{ upstream: first, model }, ...targets]) {
        const isKnown = route.some(
          (known) => known.upstream === target.upstream && known.model === target.model,
        );
        if (!isKnown) route.push(target);
      }
      return route;
    },
    named: (name) => [...listed.values(), fallback].find((server) => server.name === name),
    all: () => [...new Set([...listed.values(), fallback])],
  };
};
