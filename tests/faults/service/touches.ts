import type { TouchLine } from '../journal.ts';
import { calledJob } from './called-job.ts';
import type { ProxiedCall } from './fault-proxy.ts';

type Touch = { pid: number; jobId: string; firstMs: number; lastMs: number };

/** Which sandbox has called the table for which job, and when. */
export const watchTouches = () => {
  const touches = new Map<string, Touch>();
  return {
    see: (call: ProxiedCall): void => {
      const { pid } = call;
      const jobId = calledJob(call);
      if (pid === undefined || jobId === undefined) return;
      const nowMs = Date.now();
      const key = `${pid} ${jobId}`;
      const touch = touches.get(key);
      if (touch === undefined) touches.set(key, { pid, jobId, firstMs: nowMs, lastMs: nowMs });
      else touch.lastMs = nowMs;
    },
    lines: (): TouchLine[] => [...touches.values()].map((touch) => ({ kind: 'touch', ...touch })),
  };
};
