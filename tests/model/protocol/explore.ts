import { keys } from './key.ts';
import { brokenAtRest, brokenBy } from './promises.ts';
import type { Bent } from './step.ts';
import { stepsOf } from './steps.ts';
import { type Configuration, firstWorld, type World } from './world.ts';

export type Explored = {
  readonly states: number;
  readonly steps: number;
  /** The longest shortest way from the beginning. */
  readonly depth: number;
  /** Nothing that can happen was left out. */
  readonly complete: boolean;
  readonly broken?: { readonly promise: string; readonly trace: readonly string[] };
};

type Bounds = { readonly depth: number; readonly states: number };

/**
 * Every world that can be reached, each once, the nearest first, so that the trace of what is found
 * broken is among the shortest.
 */
export const explore = (
  configuration: Configuration,
  bounds: Bounds,
  bent: Bent = {},
): Explored => {
  const rules = { adoptable: configuration.adoptable, bent };
  const labels: string[] = ['begin'];
  const parents: number[] = [-1];
  const first = firstWorld(configuration);
  const keyOf = keys();
  const seen = new Set([keyOf(first)]);
  let layer: { readonly world: World; readonly index: number }[] = [{ world: first, index: 0 }];
  let steps = 0;

  const traceTo = (index: number, last: string): readonly string[] => {
    const trace = [last];
    for (let at = index; at > 0; at = parents[at] ?? 0) trace.unshift(labels[at] ?? '');
    return trace;
  };

  let depth = 0;
  for (; layer.length > 0 && depth < bounds.depth; depth += 1) {
    const next: typeof layer = [];
    for (const { world, index } of layer) {
      const taken = stepsOf(rules, world);
      const atRest = taken.length === 0 ? brokenAtRest(world) : undefined;
      if (atRest !== undefined) {
        const broken = { promise: atRest, trace: traceTo(index, 'all is quiet') };
        return { states: seen.size, steps, depth, complete: false, broken };
      }
      for (const step of taken) {
        steps += 1;
        const promise = step.broken ?? brokenBy(world, step.world);
        if (promise !== undefined) {
          const broken = { promise, trace: traceTo(index, step.label) };
          return { states: seen.size, steps, depth, complete: false, broken };
        }
        const key = keyOf(step.world);
        if (seen.has(key)) continue;
        seen.add(key);
        labels.push(step.label);
        parents.push(index);
        next.push({ world: step.world, index: labels.length - 1 });
      }
      if (seen.size >= bounds.states) return { states: seen.size, steps, depth, complete: false };
    }
    layer = next;
  }
  return { states: seen.size, steps, depth, complete: layer.length === 0 };
};
