import { recordRefusedMs } from '../limits.ts';
import type { RecordWatch } from '../ports/jobs.ts';
import type { Clock } from '../ports/system.ts';

/** All is well but for `recordRefusedMs` after a refusal. */
export const watchRecords = (clock: Pick<Clock, 'nowMs'>): RecordWatch => {
  let wellFromMs = 0;
  return {
    isWell: () => clock.nowMs() >= wellFromMs,
    refused: () => {
      wellFromMs = clock.nowMs() + recordRefusedMs;
    },
  };
};
