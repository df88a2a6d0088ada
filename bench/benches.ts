import type { Bench } from './harness/result.ts';

/** Each bench by its name, in the order of docs/performance.md. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {};
