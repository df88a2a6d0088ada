import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';

/** A job's item as an audit finds it; of one that cannot be read, as much as can be told. */
export type AuditedItem =
  | { readonly kind: 'job'; readonly job: Job }
  | {
      readonly kind: 'unreadable';
      readonly id: string;
      readonly status: string | undefined;
      readonly deadlineAtMs: number | undefined;
      readonly dueAtMs: number | undefined;
      readonly why: string;
    };

/** Reads the whole table, for an operator's command alone. */
export interface JobAudit {
  /**
   * The jobs created from `fromMs` on and before `toMs`, and all that have not ended or were due
   * before `lateMs`, whenever they were created; page by page, in `segments` parts at once. Without
   * content, and a moment old. Throws Fault `store_unavailable`.
   */
  scan(
    wanted: {
      readonly fromMs: EpochMs;
      readonly toMs: EpochMs;
      readonly lateMs: EpochMs;
      readonly tenant: string | undefined;
    },
    part: { readonly segment: number; readonly of: number },
  ): AsyncIterable<{ readonly items: readonly AuditedItem[]; readonly readUnits: number }>;
}
