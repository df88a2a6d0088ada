import fc from 'fast-check';
import { expect, test } from 'vitest';
import { correctionOf } from '../../../lib/job/live-count.ts';

test.each([
  // What is off once may be a job that is being made.
  [3, 0, 0, 3],
  [-2, 0, 0, -2],
  [0, 3, 0, 0],
  // What stays off is put right, and no more than that.
  [3, 3, -3, 0],
  [5, 3, -3, 2],
  [2, 3, -2, 0],
  [-2, -2, 2, 0],
  [-2, 2, 0, -2],
])('off by %i after %i: moved by %i, %i left to look at', (now, before, correction, drift) => {
  expect(correctionOf(now, before)).toEqual({ correction, drift });
});

test('a count that is off and at rest is right after two looks', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000, max: 1_000 }), (error) => {
      const first = correctionOf(error, 0);
      const second = correctionOf(error + first.correction, first.drift);
      expect(error + first.correction + second.correction).toBe(0);
    }),
  );
});
