import type { Explored } from '../protocol/explore.ts';
import type { Bent } from '../protocol/step.ts';
import type { Configuration } from '../protocol/world.ts';
import { play } from './play.ts';

type Options = { readonly keyed?: boolean; readonly bent?: Bent };

/** A way to a choice that was not followed yet; those that are not the first there is are turns. */
type Branch = {
  readonly before: Branch | undefined;
  readonly choice: number;
  readonly turns: number;
};

type Bounds = { readonly turns: number; readonly states: number };

const waysTo = (branch: Branch | undefined): readonly number[] => {
  const ways: number[] = [];
  for (let at = branch; at !== undefined; at = at.before) ways.unshift(at.choice);
  return ways;
};

/**
 * The orders in which the calls of the real code can be carried out, as far as they lead to something
 * new, those with the fewest turns off the straight way first. Since code cannot be copied halfway,
 * each is played from the beginning. Two ways meet where the store holds the same and every actor was
 * told the same.
 */
export const exploreCode = async (
  configuration: Configuration,
  bounds: Bounds,
  options: Options = {},
): Promise<Explored> => {
  const seen = new Set<string>();
  const open: (Branch | undefined)[] = [undefined];
  let steps = 0;
  let depth = 0;
  let isCut = false;

  for (let next = 0; next < open.length; next += 1) {
    const start = open[next];
    open[next] = undefined;
    const ways = waysTo(start);
    const { stage, key: keyOf, choices, take } = await play(configuration, options);
    let branch: Branch | undefined = start;
    for (let at = 0; ; at += 1) {
      const replayed = ways[at];
      if (stage.broken !== undefined) {
        const broken = { promise: stage.broken, trace: stage.trace };
        return { states: seen.size, steps, depth, complete: false, broken };
      }
      const all = choices();
      if (replayed === undefined) {
        steps += 1;
        const key = keyOf();
        if (seen.has(key) || all.length === 0) break;
        seen.add(key);
        depth = Math.max(depth, at);
        if (seen.size >= bounds.states) return { states: seen.size, steps, depth, complete: false };
        const turns = branch?.turns ?? 0;
        if (turns >= bounds.turns) isCut = true;
        for (let choice = 1; choice < all.length && turns < bounds.turns; choice += 1) {
          open.push({ before: branch, choice, turns: turns + 1 });
        }
        branch = { before: branch, choice: 0, turns };
      }
      const choice = all[replayed ?? 0];
      if (choice === undefined) throw new Error('A run cannot be repeated.');
      await take(choice);
    }
  }
  return { states: seen.size, steps, depth, complete: !isCut };
};
