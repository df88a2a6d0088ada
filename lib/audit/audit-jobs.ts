import { after, epochMs } from '../job/time.ts';
import type { JobAudit } from '../ports/audit.ts';
import type { Clock } from '../ports/system.ts';
import { missedDueMs } from './overdue.ts';
import { type Audit, beginTally } from './tally.ts';

/** Parts of the table read at once: enough that the network is not what is waited for. */
const segments = 4;

export type AuditAsk = {
  /** Milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** All tenants when undefined. */
  readonly tenant: string | undefined;
};

/**
 * Reads the table once and counts. Nothing is written; jobs that change meanwhile are counted as they
 * were at some moment of it. `readUnits` is what that took of DynamoDB. Throws Fault
 * `store_unavailable`.
 */
export const auditJobs = async (
  deps: { readonly audit: JobAudit; readonly clock: Pick<Clock, 'nowMs'> },
  ask: AuditAsk,
): Promise<Audit & { readonly readUnits: number }> => {
  const nowMs = deps.clock.nowMs();
  const range = { fromMs: epochMs(ask.fromMs), toMs: epochMs(ask.toMs) };
  const tally = beginTally(range, nowMs);
  const wanted = { ...range, tenant: ask.tenant, lateMs: after(nowMs, -missedDueMs) };
  const readPart = async (segment: number): Promise<number> => {
    let readUnits = 0;
    for await (const page of deps.audit.scan(wanted, { segment, of: segments })) {
      for (const item of page.items) tally.add(item);
      readUnits += page.readUnits;
    }
    return readUnits;
  };
  const parts = await Promise.all(Array.from({ length: segments }, (_, part) => readPart(part)));
  return { ...tally.sum(), readUnits: parts.reduce((sum, units) => sum + units, 0) };
};
