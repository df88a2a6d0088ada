import type { AttemptRecord, Job, Usage } from './job.ts';

/*
 * What each attempt cost. An attempt answers for the calls that it made and the output that came to
 * it. Where several attempts ran one generation, the one that learns from the upstream what all of it
 * took has that on its account, and the shares of those before it are struck out: nothing is counted
 * twice. The cases one by one: docs/decisions/ledger.md.
 */

/** What an attempt took, as it knows itself. All zero: nothing that could be billed. */
export type Spent = {
  /** Its upstream's count, of the whole generation, whichever attempts ran it. */
  readonly told: Usage | undefined;
  /** What was counted beside that: all of it, where the upstream told nothing. */
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** As the upstream told it, and nothing beside. */
export const toldBy = (usage: Usage | undefined): Spent => ({
  told: usage,
  inputTokens: 0,
  outputTokens: 0,
});

const usageFields = (spent: Spent): Pick<AttemptRecord, 'usage' | 'usageEstimated'> => {
  const { told, inputTokens, outputTokens } = spent;
  const counted = inputTokens + outputTokens;
  if (told !== undefined && counted === 0) return { usage: told };
  if (told === undefined && counted === 0) return {};
  return {
    usage: {
      input_tokens: (told?.input_tokens ?? 0) + inputTokens,
      output_tokens: (told?.output_tokens ?? 0) + outputTokens,
      total_tokens: (told?.total_tokens ?? 0) + counted,
    },
    usageEstimated: true,
  };
};

const unspent = ({ usage: _, usageEstimated: __, ...record }: AttemptRecord): AttemptRecord =>
  record;

/** The ledger with what an attempt took on that attempt's account, in place of what stood there. */
export const spend = (
  ledger: readonly AttemptRecord[],
  attempt: number,
  spent: Spent,
): AttemptRecord[] => {
  const own = ledger.find((record) => record.attempt === attempt);
  const isCovered = ({ generation }: AttemptRecord): boolean =>
    spent.told !== undefined && generation !== undefined && generation === own?.generation;
  return ledger.map((record) => {
    if (record === own) return { ...unspent(record), ...usageFields(spent) };
    return isCovered(record) ? unspent(record) : record;
  });
};

/**
 * What the job's present attempt took, as far as the job's item tells: its input if it made a call, or
 * may have, and a token for each piece of output that was stored. Undefined when no attempt is under
 * way. Pieces are a token or two each on most servers, but a server may send a line at a time, each
 * event of a responses stream counts, and what was not stored yet does not.
 */
export const storedSpent = (
  job: Pick<Job, 'ledger' | 'attempt' | 'upstreamId' | 'seq' | 'inputTokens'>,
): Spent | undefined => {
  const record = job.ledger.find(({ attempt }) => attempt === job.attempt);
  if (record === undefined || record.outcome !== undefined) return undefined;
  const isResumable = job.upstreamId !== undefined;
  // The generation of an attempt before, which this one has not taken up yet: it has made no call.
  if (isResumable && record.generation === undefined) return toldBy(undefined);
  const isAdopted = isResumable && record.adopted === true;
  return {
    told: undefined,
    inputTokens: isAdopted ? 0 : (job.inputTokens ?? 0),
    outputTokens: Math.max(0, job.seq - (record.fromSeq ?? job.seq)),
  };
};
