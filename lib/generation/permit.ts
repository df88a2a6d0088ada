import type { Deps } from '../ports.ts';
import type { Taken } from '../upstream-health/passage.ts';

/** The right to one call of an upstream, and to what others have to do without meanwhile. */
export type Permit = {
  /** From now on the call is reported on, which settles what was taken for it. */
  used(): void;
  /** Gives back what was taken for a call that was not made; nothing once it was. Never throws. */
  giveBack(): Promise<void>;
};

export const permit = (
  deps: Pick<Deps, 'health'>,
  { upstream, model }: { readonly upstream: string; readonly model: string },
  taken: Taken | undefined,
): Permit => {
  let owed = taken;
  return {
    used: () => {
      owed = undefined;
    },
    giveBack: async () => {
      const back = owed;
      owed = undefined;
      if (back !== undefined) await deps.health.giveBack(upstream, model, back);
    },
  };
};
