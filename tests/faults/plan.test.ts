import { expect, test } from 'vitest';
import { faultNames } from '../../local/demo-model/faults.ts';
import { planOf } from './plan.ts';
import { shortForm } from './size.ts';

const seeds = [1, 2, 5, 77, 123_456];

test('a seed gives the same plan each time, and another seed another', () => {
  expect(planOf(5, shortForm)).toEqual(planOf(5, shortForm));
  expect(planOf(6, shortForm)).not.toEqual(planOf(5, shortForm));
});

test.each(seeds)(
  'the short form meets every fault of the model on both protocols (seed %i)',
  (seed) => {
    const { requests } = planOf(seed, shortForm);
    for (const protocol of ['chat', 'responses']) {
      const met = requests
        .filter(({ model }) => model.startsWith(`demo-${protocol}-`))
        .map(({ fault }) => fault?.name);
      expect(new Set(met)).toEqual(new Set([undefined, ...faultNames]));
    }
  },
);

test.each(seeds)(
  'sandboxes are killed and frozen, and the runtime is restarted (seed %i)',
  (seed) => {
    const { blows, restarts, injectMs } = planOf(seed, shortForm);
    expect(new Set(blows.map(({ kind }) => kind))).toEqual(new Set(['kill', 'freeze']));
    expect(blows.some(({ forMs }) => forMs > 60_000)).toBe(true);
    expect(restarts).toHaveLength(1);
    for (const { atMs } of [...blows, ...restarts]) expect(atMs).toBeLessThan(injectMs);
  },
);
