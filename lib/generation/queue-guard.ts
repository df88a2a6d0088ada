import { Fault } from '../errors.ts';
import { upstreamQueueMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import { isJsonObject } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';

/** Whether the event says that the generation has not begun at the upstream. */
const isQueued = (event: JsonObject): boolean =>
  isJsonObject(event['response']) && event['response']['status'] === 'queued';

/**
 * Bounds how long a generation may stay queued at its upstream: one that is still queued after that
 * is aborted with a Fault `upstream_lost`, since another may be luckier.
 */
export const queueGuard = (clock: Clock, signal: AbortSignal) => {
  const controller = new AbortController();
  let waiting: AbortController | undefined;
  const end = (): void => {
    waiting?.abort('begun');
    waiting = undefined;
  };
  const begin = (): void => {
    if (waiting !== undefined) return;
    waiting = new AbortController();
    clock.sleep(upstreamQueueMs, waiting.signal).then(
      () =>
        controller.abort(
          new Fault('upstream_lost', 'The model server kept the generation in its queue.', {
            retry: { kind: 'later', afterMs: 0 },
          }),
        ),
      () => undefined,
    );
  };
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    saw: (event: JsonObject): void => (isQueued(event) ? begin() : end()),
    end,
    tripped: (): boolean => controller.signal.aborted,
  };
};
