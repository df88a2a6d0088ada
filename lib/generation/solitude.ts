import { aloneMinMs } from '../limits.ts';

/** A job's place among those that one invocation runs at once. */
export type Seat = {
  /**
   * Leaves the others, and waits until they and whoever left them before are done. Whether it may run
   * then: not where that has taken so long that too little is left of the function's time.
   */
  alone(): Promise<boolean>;
};

/** The jobs of one invocation: what crashes the sandbox alone costs none of its neighbours anything. */
export type Company = {
  /** Runs `act` beside the others. All that belong together have to join before the first one leaves. */
  join<T>(act: (seat: Seat) => Promise<T>): Promise<T>;
};

/** A company of nobody yet; `leftMs` is how long the function may still run. */
export const newCompany = (leftMs: () => number): Company => {
  let together = 0;
  let taken = false;
  const waiting: (() => void)[] = [];

  const admitNext = (): void => {
    if (together > 0 || taken) return;
    const admit = waiting.shift();
    if (admit === undefined) return;
    taken = true;
    admit();
  };

  return {
    async join(act) {
      let isAlone = false;
      together += 1;
      const alone: Seat['alone'] = async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        isAlone = true;
        together -= 1;
        const isFirst = together === 0 && !taken && waiting.length === 0;
        waiting.push(resolve);
        admitNext();
        await promise;
        return isFirst || leftMs() >= aloneMinMs;
      };
      try {
        return await act({ alone });
      } finally {
        if (isAlone) taken = false;
        else together -= 1;
        admitNext();
      }
    },
  };
};
