/** A counted number of places. */
export type Slots = {
  /** Takes a place, waiting for one in order of arrival. */
  acquire(): Promise<void>;
  release(): void;
};

/** Places for `count` at once; `count` must be at least 1. */
export function createSlots(count: number): Slots {
  if (count < 1) throw new Error(`there must be at least one slot, not ${count}`);
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    acquire: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    release: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
