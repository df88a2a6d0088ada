import { acceptOrAttach } from '../../../lib/generation/accept-or-attach.ts';
import type { Parking } from '../../../lib/generation/attempt.ts';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { erase } from '../../../lib/generation/erase.ts';
import { followJob } from '../../../lib/generation/follow.ts';
import { runInline } from '../../../lib/generation/run-inline.ts';
import type { Submission } from '../../../lib/generation/submit.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { after } from '../../../lib/job/time.ts';
import { isOneBeginning } from '../protocol/promises.ts';
import { type Configuration, hourMs } from '../protocol/world.ts';
import type { ModelDeps } from './ports.ts';
import type { Stage } from './stage.ts';

/* What each actor runs: the use cases, as the functions call them. */

const waitMs = 20_000;

const submissionOf = (
  { decision, live, unstored, deadlineMs = hourMs }: Configuration,
  keyed: boolean,
): Submission => ({
  stored: {
    api: 'generate',
    request: { messages: [{ role: 'user', content: 'Go.' }], model: 'm' },
  },
  tenant: 'acme',
  resultBaseUrl: 'https://example.com',
  respondAsync: decision === 'queued',
  waitMs: decision === 'queued' ? 0 : waitMs,
  deadlineMs,
  resultTtlMs: 86_400_000,
  ...(live ? { live } : {}),
  ...(unstored ? { unstored } : {}),
  ...(keyed ? { key: { keyHash: 'key', fingerprint: 'same', onReplay: () => undefined } } : {}),
});

/** A client's request; true once the client could be told of a job. */
export const submit = async (
  deps: ModelDeps,
  configuration: Configuration,
  keyed: boolean,
  ending: AbortSignal,
): Promise<boolean> => {
  const accepted = await acceptOrAttach(deps, submissionOf(configuration, keyed));
  if (accepted.kind === 'accepted' && accepted.job.status === 'in_progress') {
    await runInline(deps, accepted, { functionSignal: ending });
  }
  return true;
};

/** A worker's message; it comes again when the worker says so, or fails. */
export const workOn = async (
  stage: Stage,
  deps: ModelDeps & Parking,
  jobId: string,
  ending: AbortSignal,
): Promise<void> => {
  const again = (ms: number): void =>
    stage.change({ messages: [...stage.facts.messages, after(stage.facts.nowMs, ms)].sort() });
  try {
    const epoch = stage.facts.job?.epoch ?? 1;
    const fate = await work(deps, { v: 1, jobId, epoch }, ending);
    if (fate.kind === 'redeliver') again(Math.max(1_000, fate.afterMs));
  } catch {
    again(30_000);
  }
};

export const sweepOnce = async (deps: ModelDeps): Promise<void> => {
  await sweep(deps, new AbortController().signal);
};

/** What a client does with a job it has seen; a refusal is what it is told, and no fault. */
export const client = async (
  stage: Stage,
  deps: ModelDeps,
  kind: 'cancel' | 'delete' | 'read',
  jobId: string,
): Promise<void> => {
  if (kind === 'read') return readAlong(stage, deps, jobId);
  const job = await deps.jobs.load(jobId, 'strong');
  if (job === undefined) return;
  await (kind === 'cancel' ? cancelJob(deps, job) : erase(deps, job));
};

const readAlong = async (stage: Stage, deps: ModelDeps, jobId: string): Promise<void> => {
  let shown = '';
  let lastSeq = 0;
  const from = { afterSeq: 0 };
  for await (const item of followJob(deps, jobId, from, new AbortController().signal)) {
    if (item.kind !== 'entry') continue;
    if (item.seq <= lastSeq) stage.broken ??= 'a reader was shown a number again';
    lastSeq = item.seq;
    shown += item.entry;
    if (!isOneBeginning(shown)) stage.broken ??= `a reader was shown a torn text: ${shown}`;
  }
};
