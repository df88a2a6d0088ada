import { transcriptText } from '../../../lib/job/checkpoint.ts';
import { type EndedJob, isEnded, type Job } from '../../../lib/job/job.ts';
import { type Standing, tokenOf, tokensEach } from './world.ts';

const verdict = ({ status, endedAtMs }: EndedJob) => JSON.stringify([status, endedAtMs]);
const result = ({ final, error, usage }: EndedJob) => JSON.stringify([final, error, usage]);

const isBuried = (job: Job): boolean => isEnded(job) && job.deletedAtMs !== undefined;

/** Whether a text is the beginning of one generation's, from its first token on. */
export const isOneBeginning = (text: string): boolean => {
  const tokens = text.split(' ').filter(Boolean);
  const number = Number(tokens[0]?.split(':')[0] ?? 0);
  return tokens.every((token, index) => `${token} ` === tokenOf(number, index));
};

const whole = (number: number): string =>
  Array.from({ length: tokensEach }, (_, token) => tokenOf(number, token)).join('');

const ofText = ({ job, chunks, finals, generations }: Standing): string | undefined => {
  if (isBuried(job)) return job.segments.length > 0 ? 'a tombstone names a text' : undefined;
  const text = transcriptText(job, chunks);
  if (text === undefined) return 'a chunk that the item counts is missing';
  if (!isOneBeginning(text)) return `the text is not one generation's: ${text}`;
  if (job.status !== 'completed') return undefined;
  const final = finals.find(({ attempt }) => attempt === job.final?.attempt);
  if (final === undefined) return 'a completed job has no final object';
  if (!generations.some(({ number }) => whole(number) === final.text))
    return 'the final text is torn';
  return final.text.startsWith(text) ? undefined : 'the transcript is not of the final generation';
};

const ofDueTime = ({ job, purgedTwice }: Standing): string | undefined => {
  if (job.dueAtMs !== undefined) return undefined;
  if (!isEnded(job)) return 'a live job has no due time';
  if (job.stopOwed) return 'a stop is owed without a due time';
  if (isBuried(job) && !purgedTwice) return 'a tombstone is unpurged without a due time';
  return undefined;
};

const ofLeases = ({ holders }: Standing): string | undefined => {
  const attempts = holders.map(({ attempt }) => attempt);
  return new Set(attempts).size < attempts.length
    ? 'two attempts wrote under one attempt number'
    : undefined;
};

const ofLedger = ({ job }: Standing): string | undefined =>
  job.ledger.length === job.attempt && job.ledger.every(({ attempt }, at) => attempt === at + 1)
    ? undefined
    : 'the ledger lacks an attempt';

/** What holds in every world. */
const always = (world: Standing): string | undefined =>
  ofText(world) ?? ofDueTime(world) ?? ofLeases(world) ?? ofLedger(world);

/** What holds of every step. */
const between = ({ job: before, nowMs }: Standing, { job }: Standing): string | undefined => {
  if (before === job) return undefined;
  if (job.seq < before.seq) return 'the sequence numbers went back';
  if (job.attempt < before.attempt) return 'the attempt number went back';
  if (!isEnded(before)) {
    const taken = before.status === 'in_progress' && job.ledger.at(-1)?.outcome === 'lost';
    return taken && before.leaseExpiresAtMs >= nowMs
      ? 'a lease was taken before its end'
      : undefined;
  }
  if (!isEnded(job) || verdict(before) !== verdict(job)) return 'an ended job changed its status';
  if (!isBuried(job) && result(before) !== result(job)) return 'an ended job changed its result';
  return isBuried(before) && !isBuried(job) ? 'a tombstone vanished' : undefined;
};

/** What holds once nothing can happen any more. */
export const brokenAtRest = (world: Standing): string | undefined => {
  const { job, generations, chunks, finals, left } = world;
  if (!isEnded(job)) return left.claims === 0 ? undefined : 'nobody goes on with a live job';
  if (job.dueAtMs !== undefined || job.stopOwed) return 'something is owed, and nobody does it';
  if (job.ledger.some(({ outcome }) => outcome === undefined)) return 'an attempt is left open';
  if (isBuried(job) && chunks.length + finals.length > 0) return 'content outlived its tombstone';
  const leaked = generations.find(({ state, orphaned }) => state === 'running' && !orphaned);
  return leaked === undefined ? undefined : `generation ${leaked.number} runs on for nobody`;
};

/** The promise that the step from `before` to `world` breaks, if it does. */
export const brokenBy = (before: Standing, world: Standing): string | undefined =>
  between(before, world) ?? always(world);
