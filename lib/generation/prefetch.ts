import type { Deps } from '../ports.ts';
import type { StoredRequest } from '../wire/stored-request.ts';

/**
 * Starts the reads that come before a request's first call, so that they go on beside those that come
 * earlier: what the model takes, and how its upstream is. Whoever needs them waits for them.
 */
export const prefetch = (
  { upstreams, durations, health }: Pick<Deps, 'upstreams' | 'durations' | 'health'>,
  { model = upstreams.defaultModel, maxOutputTokens }: StoredRequest['request'],
): void => {
  const [first] = upstreams.route(model);
  if (first === undefined) return;
  void durations.expected(first.upstream.name, first.model, maxOutputTokens);
  health.prefetch(first.upstream.name);
};
