import type { Bench } from './harness/result.ts';

/** Each bench by its name, in the order of docs/performance.md. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  overhead: async () => (await import('./overhead/bench.ts')).bench,
  'cold-start': async () => (await import('./cold-start/bench.ts')).bench,
  memory: async () => (await import('./memory/bench.ts')).bench,
  'hand-off': async () => (await import('./hand-off/bench.ts')).bench,
  scale: async () => (await import('./scale/bench.ts')).bench,
  cost: async () => (await import('./cost/bench.ts')).bench,
  waste: async () => (await import('./waste/bench.ts')).bench,
  admission: async () => (await import('./admission/bench.ts')).bench,
};
