import type { PlannedRequest } from '../request-plan.ts';
import { backOff, type ClientDeps, hasEnded, maxTries, pause, tell } from './tell.ts';
import type { Told } from './told.ts';

const readPath = (deps: ClientDeps, { api }: PlannedRequest, told: Told): string => {
  const ledger = `${deps.url}/jobs/${told.jobId}`;
  if (deps.random.chance(0.2)) return ledger;
  if (api === 'responses') return `${deps.url}/v1/responses/${told.jobId}`;
  return told.resultUrl ?? ledger;
};

/** Polls until the job has ended, and a few times more; deleted ones are gone. */
export const readOn = async (
  deps: ClientDeps,
  planned: PlannedRequest,
  told: Told,
): Promise<void> => {
  let readsAfterEnd = 0;
  let failures = 0;
  while (!deps.over.aborted && readsAfterEnd < 3) {
    const { exchanged, told: seen } = await tell(
      deps,
      'read',
      planned.name,
      readPath(deps, planned, told),
      { method: 'GET' },
    );
    const { httpStatus = 503 } = exchanged;
    if (httpStatus === 404 || httpStatus === 410) return;
    if (hasEnded(seen)) readsAfterEnd += 1;
    failures = httpStatus >= 500 ? failures + 1 : 0;
    await backOff(deps.random.between(500, 6_000), failures, deps.over);
  }
};

/** Follows the stream again from where it broke off, until its end has been seen. */
export const resume = async (
  deps: ClientDeps,
  { name }: PlannedRequest,
  told: Told,
): Promise<void> => {
  let { lastSeq: after = 0, pieces } = told;
  for (let tries = 0; tries < maxTries && !deps.over.aborted; tries += 1) {
    const path = `/v1/responses/${told.jobId}?stream=true&starting_after=${after}`;
    const leave = { part: 'answer', afterBytes: deps.random.between(500, 8_000) } as const;
    const asked = { method: 'GET', ...(deps.random.chance(0.5) ? { leave } : {}) } as const;
    const { exchanged, told: seen } = await tell(
      deps,
      'resume',
      name,
      `${deps.url}${path}`,
      asked,
      pieces,
    );
    if (exchanged.httpStatus === 404 || hasEnded(seen)) return;
    after = seen.lastSeq ?? after;
    pieces = seen.pieces ?? pieces;
    await pause(deps.random.between(100, 1_000), deps.over);
  }
};
