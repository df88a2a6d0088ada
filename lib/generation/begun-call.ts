import type { LiveJob } from '../job/job.ts';
import { firstWordMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { JsonObject } from '../wire/production.ts';
import type { BegunCall, Task } from './attempt.ts';
import { stopGeneration } from './stop-upstream.ts';

/**
 * Sends the call of a job's first attempt. Whatever comes of it, a failure too, is kept for who takes
 * it; nothing is read beyond the first event until then.
 */
export const beginCall = (
  deps: Pick<Deps, 'clock' | 'log'>,
  job: LiveJob,
  task: Task,
): BegunCall => {
  const connection = new AbortController();
  const { upstream, production, resumable } = task;
  const events = upstream.open(production.call, connection.signal)[Symbol.asyncIterator]();
  const first = events.next();
  first.catch(() => undefined);
  let isFree = true;

  async function* taken(signal: AbortSignal): AsyncGenerator<JsonObject> {
    const end = (): void => connection.abort(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    try {
      for (let next = await first; !next.done; next = await events.next()) yield next.value;
    } finally {
      signal.removeEventListener('abort', end);
      await events.return?.();
    }
  }

  /** One that goes on without its connection is stopped by its id, which the first event tells. */
  const stop = async (): Promise<void> => {
    const heard = new AbortController();
    const tooLate = deps.clock.sleep(firstWordMs, heard.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      const next = await Promise.race([first, tooLate]);
      if (next === undefined || next.done) return;
      const { upstreamId } = production.begin().read(next.value);
      if (upstreamId !== undefined)
        await stopGeneration(deps, { lease: { job }, task }, upstreamId);
    } catch (error) {
      deps.log.warn('generation.unstopped', { jobId: job.id, error });
    } finally {
      heard.abort('heard');
    }
  };

  return {
    take: (signal) => {
      if (!isFree) return undefined;
      isFree = false;
      return taken(signal);
    },
    drop: async () => {
      if (!isFree) return;
      isFree = false;
      if (resumable) await stop();
      connection.abort();
      events.return?.().catch(() => undefined);
    },
  };
};
