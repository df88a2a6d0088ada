import { type AttemptRecord, isEnded, type Job } from './job.ts';

export type TokenCount = { readonly input: number; readonly output: number };

/** What a job's tokens went into. */
export type JobTokens = {
  /** Of all attempts: what its upstreams may bill. */
  readonly generated: TokenCount;
  /** Of them, those of the generation that the client has as its result; none unless it finished. */
  readonly delivered: TokenCount;
  /** Of those generated, how many no upstream told. */
  readonly estimated: TokenCount;
};

export const noTokens: TokenCount = { input: 0, output: 0 };

export const addTokens = (a: TokenCount, b: TokenCount): TokenCount => ({
  input: a.input + b.input,
  output: a.output + b.output,
});

const countOf = ({ usage }: Pick<AttemptRecord, 'usage'>): TokenCount =>
  usage === undefined ? noTokens : { input: usage.input_tokens, output: usage.output_tokens };

const sumOf = (records: readonly AttemptRecord[]): TokenCount =>
  records.map(countOf).reduce(addTokens, noTokens);

/** The attempts that ran the job's last generation. */
const lastGeneration = (ledger: readonly AttemptRecord[]): readonly AttemptRecord[] => {
  const last = ledger.at(-1);
  return ledger.filter(
    (record) =>
      record === last ||
      (record.generation !== undefined && record.generation === last?.generation),
  );
};

const deliveredBy = (job: Job): TokenCount => {
  if (!isEnded(job) || (job.status !== 'completed' && job.status !== 'incomplete')) return noTokens;
  return job.usage === undefined ? sumOf(lastGeneration(job.ledger)) : countOf(job);
};

/** `generated` is never less than `delivered`. */
export const tokensOf = (job: Job): JobTokens => ({
  generated: sumOf(job.ledger),
  delivered: deliveredBy(job),
  estimated: sumOf(job.ledger.filter(({ usageEstimated }) => usageEstimated)),
});
