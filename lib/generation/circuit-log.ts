import type { Log } from '../ports/system.ts';
import type { Circuit } from '../upstream-health/circuit.ts';
import { circuitOf, type Health } from '../upstream-health/health.ts';

const logTurn = (
  log: Pick<Log, 'info' | 'warn'>,
  at: { readonly upstream: string; readonly model: string | undefined },
  from: Circuit | undefined,
  to: Circuit | undefined,
): void => {
  const wasOpen = (from?.openUntilMs ?? 0) > 0;
  if (to === undefined || to.openUntilMs === 0) {
    if (wasOpen) log.info('circuit.closed', at);
    return;
  }
  if (to.openUntilMs !== from?.openUntilMs) {
    const { failures, openings, openedAtMs, openUntilMs } = to;
    log.warn('circuit.opened', { ...at, failures, openings, openMs: openUntilMs - openedAtMs });
  } else if (to.probeUntilMs > from.probeUntilMs) log.info('circuit.half_opened', at);
};

/** A line for each circuit that this write has opened, half-opened or closed. */
export const logTurns = (
  log: Pick<Log, 'info' | 'warn'>,
  upstream: string,
  from: Health,
  to: Health,
): void => {
  const models = [...from.models, ...to.models].map(({ model }) => model);
  for (const model of [undefined, ...new Set(models)]) {
    logTurn(log, { upstream, model }, circuitOf(from, model), circuitOf(to, model));
  }
};
