import type { Actor, World } from './world.ts';

/**
 * Gives worlds that nothing tells apart the same short key. Parts of a world are replaced and never
 * changed, so each is written out once and then stands for a number.
 */
export const keys = (): ((world: World) => string) => {
  const numbers = new Map<string, number>();
  const known = new WeakMap<object, number>();

  const numberOf = (part: object, write: () => string): number => {
    const before = known.get(part);
    if (before !== undefined) return before;
    const text = write();
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    known.set(part, number);
    return number;
  };
  const plain = (part: object): number => numberOf(part, () => JSON.stringify(part));
  const ofActor = (actor: Actor): number =>
    numberOf(actor, () => {
      const job = actor.job === undefined ? undefined : plain(actor.job);
      return JSON.stringify({ ...actor, job });
    });

  return ({ nowMs, purgedTwice, actors, ...parts }) =>
    [nowMs, purgedTwice, ...actors.map(ofActor), ...Object.values(parts).map(plain)].join();
};
