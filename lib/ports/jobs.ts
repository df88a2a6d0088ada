import type { Job, JobError } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { JobWrite } from '../job/write.ts';

/** What became of a conditional write. `doubtful`: no answer came, so it may or may not be there. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly job: Job }
  | { readonly kind: 'refused' }
  | { readonly kind: 'doubtful'; readonly cause: unknown };

export type CreateOutcome =
  | { readonly kind: 'created' | 'refused' }
  | { readonly kind: 'doubtful'; readonly cause: unknown };

/** The jobs' items. Methods throw Fault `store_unavailable` where no outcome says otherwise. */
export interface JobStore {
  /** Puts the item if no job has its id. */
  create(job: Job): Promise<CreateOutcome>;
  /**
   * `eventual` costs half and may be a moment old. Undefined when there is none or it expired. Throws
   * also Faults `item_newer` and `item_unreadable`.
   */
  load(id: string, consistency: 'strong' | 'eventual'): Promise<Job | undefined>;
  write(write: JobWrite): Promise<WriteOutcome>;
  /**
   * Takes an item that `load` calls unreadable out of the sweep's way: one that is queued or in
   * progress ends as `failed` with `error`, and whatever it is, it is due no more. `spared` is one
   * of a later version, or none.
   */
  condemn(id: string, error: JobError, atMs: EpochMs): Promise<'failed' | 'disarmed' | 'spared'>;
  /** Deletes the item if the clauses of `write` hold (its changes are not looked at). */
  withdraw(write: JobWrite): Promise<'withdrawn' | 'refused'>;
  /** Ids of a tenant's jobs that start with `prefix`, by time, after `after` in that order. */
  list(query: {
    readonly tenant: string;
    readonly prefix: string;
    readonly order: 'asc' | 'desc';
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /** Ids of jobs with `dueAtMs` ≤ `atMs` in one of the due index's partitions (0 to 15), oldest first. */
  due(shard: number, atMs: EpochMs, limit: number): Promise<readonly string[]>;
}

/** How the records of new jobs have fared in one sandbox. */
export interface RecordWatch {
  /** No record was refused of late: a call may go out before its own stands. */
  isWell(): boolean;
  /** A record was refused, and with it the call that had gone out before it was spent for nothing. */
  refused(): void;
}
