import { maxCircuits } from '../limits.ts';
import { circuitOf, type Health } from '../upstream-health/health.ts';

/** One row of failures, by its beginning. */
const rowOf = (health: Health | undefined, model: string): string => {
  const { firstFailedAtMs, openings } = (health && circuitOf(health, model)) ?? {};
  return `${firstFailedAtMs}/${openings}`;
};

/**
 * The calls of one sandbox to one upstream that were answered and go on: when one beside them fails,
 * they are counted too, once in each row of failures.
 */
export const callsBeside = () => {
  const going = new Map<string, number>();
  const toldIn = new Map<string, string>();
  const move = (model: string, by: number): void => {
    const now = (going.get(model) ?? 0) + by;
    if (now > 0) going.set(model, now);
    else going.delete(model);
  };
  return {
    answered: (model: string): void => move(model, 1),
    ended: (model: string): void => move(model, -1),
    /** Those that the row does not count yet. */
    untold: (health: Health, model: string): number =>
      toldIn.get(model) === rowOf(health, model) ? 0 : (going.get(model) ?? 0),
    /** The row of this health counts them. */
    told: (health: Health | undefined, model: string): void => {
      if (toldIn.size >= maxCircuits) toldIn.clear();
      toldIn.set(model, rowOf(health, model));
    },
  };
};
