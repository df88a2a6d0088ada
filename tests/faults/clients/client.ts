import type { PlannedRequest } from '../request-plan.ts';
import { readOn, resume } from './read-on.ts';
import { submit } from './submit.ts';
import { type ClientDeps, maxTries, pause, tell } from './tell.ts';

const changeMind = async (
  deps: ClientDeps,
  { api, name, regret }: PlannedRequest,
  jobId: string,
): Promise<void> => {
  if (regret === undefined) return;
  await pause(regret.afterMs, deps.over);
  const one = `${deps.url}/v1/responses/${jobId}`;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const { exchanged } =
      regret.what === 'delete' && api === 'responses'
        ? await tell(deps, 'delete', name, one, { method: 'DELETE' })
        : await tell(
            deps,
            'cancel',
            name,
            api === 'responses' ? `${one}/cancel` : `${deps.url}/jobs/${jobId}/cancel`,
            { method: 'POST' },
          );
    if (exchanged.broken === undefined && (exchanged.httpStatus ?? 500) < 500) return;
    if (deps.over.aborted) return;
    await pause(1_000, deps.over);
  }
};

/** One client from its request to its last look at the result. */
export const runClient = async (deps: ClientDeps, planned: PlannedRequest): Promise<void> => {
  const { leave: _, ...staying } = planned;
  const twins = planned.twin && deps.keys ? [submit(deps, staying)] : [];
  const answers = await Promise.all([submit(deps, planned), ...twins]);
  const told = answers.find(({ resultUrl }) => resultUrl !== undefined) ?? answers[0];
  const jobId = told.jobId ?? answers.at(-1)?.jobId;
  if (jobId === undefined) return;
  const readers = Array.from({ length: planned.readers }, () =>
    readOn(deps, planned, { ...told, jobId }),
  );
  const streams =
    planned.mode === 'background-stream' ? [resume(deps, planned, { ...told, jobId })] : [];
  await Promise.all([...readers, ...streams, changeMind(deps, planned, jobId)]);
};
