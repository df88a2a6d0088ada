import { aloneMinMs } from '../limits.ts';

/**
 * `alone`: nobody runs beside it now. `late`: neither, but too little is left of the function's time.
 * `crowded`: another of the invocation is to run alone, and one is all that it takes.
 */
export type Solitude = 'alone' | 'late' | 'crowded';

/** A job's place among those that one invocation runs at once. */
export type Seat = {
  /** Leaves the others, and waits until they are done, unless it is crowded. */
  alone(): Promise<Solitude>;
};

/** The jobs of one invocation: what crashes the sandbox alone costs none of its neighbours anything. */
export type Company = {
  /** Runs `act` beside the others. All that belong together have to join before the first one leaves. */
  join<T>(act: (seat: Seat) => Promise<T>): Promise<T>;
};

/** A company of nobody yet; `leftMs` is how long the function may still run. */
export const newCompany = (leftMs: () => number): Company => {
  let together = 0;
  let isTaken = false;
  let admit = (): void => undefined;

  return {
    async join(act) {
      let isBeside = true;
      together += 1;
      const leave = (): void => {
        if (!isBeside) return;
        isBeside = false;
        together -= 1;
        if (together === 0) admit();
      };
      const alone: Seat['alone'] = async () => {
        leave();
        if (isTaken) return 'crowded';
        isTaken = true;
        if (together === 0) return 'alone';
        const { promise, resolve } = Promise.withResolvers<void>();
        admit = resolve;
        await promise;
        return leftMs() >= aloneMinMs ? 'alone' : 'late';
      };
      try {
        return await act({ alone });
      } finally {
        leave();
      }
    },
  };
};
