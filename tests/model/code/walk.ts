import { seeded } from '../../fixtures/chaos.ts';
import type { Explored } from '../protocol/explore.ts';
import type { Bent } from '../protocol/step.ts';
import type { Configuration } from '../protocol/world.ts';
import { play } from './play.ts';

type Options = { readonly keyed?: boolean; readonly bent?: Bent };

const longest = 600;

/** Walks through the real code's choices at random, each to its rest; a seed repeats them. */
export const walkCode = async (
  configuration: Configuration,
  { seed, walks }: { readonly seed: number; readonly walks: number },
  options: Options = {},
): Promise<Explored> => {
  const random = seeded(seed);
  let steps = 0;
  let depth = 0;
  for (let walk = 0; walk < walks; walk += 1) {
    const { stage, choices, take } = await play(configuration, options);
    for (let at = 0; at < longest; at += 1) {
      const all = choices();
      const choice = all[Math.floor(random() * all.length)];
      if (choice === undefined || stage.broken !== undefined) break;
      await take(choice);
      steps += 1;
      depth = Math.max(depth, at + 1);
    }
    if (stage.broken !== undefined) {
      const broken = { promise: stage.broken, trace: stage.trace };
      return { states: walk + 1, steps, depth, complete: false, broken };
    }
  }
  return { states: walks, steps, depth, complete: false };
};
