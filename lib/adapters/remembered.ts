import type { Clock } from '../ports/system.ts';

/** After a refresh that failed, the old value serves this long before the next try. */
const retryMs = 30_000;

/**
 * Loads on first use and keeps the value for `freshMs`. Callers at the same time share one load. A
 * load that fails leaves the last value in use; without one its error is thrown, and the next call
 * tries again.
 */
export const remembered = <T>(
  load: () => Promise<T>,
  freshMs: number,
  clock: Pick<Clock, 'nowMs'>,
): (() => Promise<T>) => {
  let held: { readonly value: T; readonly untilMs: number } | undefined;
  let loading: Promise<T> | undefined;

  const refresh = async (): Promise<T> => {
    try {
      const value = await load();
      held = { value, untilMs: clock.nowMs() + freshMs };
      return value;
    } catch (thrown) {
      if (held === undefined) throw thrown;
      held = { value: held.value, untilMs: clock.nowMs() + retryMs };
      return held.value;
    } finally {
      loading = undefined;
    }
  };

  return async () => {
    if (held !== undefined && clock.nowMs() < held.untilMs) return held.value;
    loading ??= refresh();
    return loading;
  };
};
