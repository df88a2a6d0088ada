import { assertNever } from '../errors.ts';
import { type EndedJob, type Job, parseJob } from './job.ts';

/** Any field of a job's item. */
export type JobField = keyof EndedJob;

/** One named clause of a conditional write; the clauses of a write all have to hold. */
export type Clause =
  | { readonly field: JobField; readonly is: string | number | boolean }
  | { readonly field: JobField; readonly in: readonly string[] }
  | { readonly field: JobField; readonly atMost: number }
  | { readonly field: JobField; readonly below: number }
  | { readonly field: JobField; readonly absent: true };

/** The values a write sets; `status` may be any, since the condition names the one it leaves. */
export type JobChanges = { readonly [F in JobField]?: EndedJob[F] | Job['status'] };

/**
 * One conditional update of one job's item, as a value: the store turns it into an expression, and
 * `applyWrite` carries it out in memory, so that what is model-checked is what runs.
 */
export type JobWrite = {
  readonly name: string;
  readonly id: string;
  readonly when: readonly Clause[];
  readonly set: JobChanges;
  readonly clear: readonly JobField[];
};

const holds = (fields: Readonly<Record<string, unknown>>, clause: Clause): boolean => {
  const value = fields[clause.field];
  if ('is' in clause) return value === clause.is;
  if ('in' in clause) return typeof value === 'string' && clause.in.includes(value);
  if ('atMost' in clause) return typeof value === 'number' && value <= clause.atMost;
  if ('below' in clause) return typeof value === 'number' && value < clause.below;
  if ('absent' in clause) return value === undefined;
  return assertNever(clause);
};

/** The job after `write`, or undefined when a clause does not hold. */
export const applyWrite = (job: Job, write: JobWrite): Job | undefined => {
  if (job.id !== write.id || !write.when.every((clause) => holds(job, clause))) return undefined;
  const next: Record<string, unknown> = { ...job, ...write.set };
  for (const field of write.clear) delete next[field];
  return parseJob(next);
};
