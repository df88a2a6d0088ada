import { expect, test } from 'vitest';
import { remembered } from '../../../lib/adapters/remembered.ts';
import { epochMs } from '../../../lib/job/time.ts';

const setUp = () => {
  const state = { ms: 0, loads: 0, fails: false };
  const value = remembered(
    async () => {
      state.loads += 1;
      const load = state.loads;
      await Promise.resolve();
      if (state.fails) throw new Error('down');
      return load;
    },
    300_000,
    { nowMs: () => epochMs(state.ms) },
  );
  return { state, value };
};

test('callers at the same time share one load', async () => {
  const { value } = setUp();
  expect(await Promise.all([value(), value(), value()])).toEqual([1, 1, 1]);
});

test('a value is loaded again when it is no longer fresh', async () => {
  const { state, value } = setUp();
  await value();
  state.ms = 299_999;
  expect(await value()).toBe(1);
  state.ms = 300_000;
  expect(await value()).toBe(2);
});

test('a load that fails leaves the old value, and is tried again half a minute later', async () => {
  const { state, value } = setUp();
  await value();
  state.ms = 300_000;
  state.fails = true;
  expect(await value()).toBe(1);
  expect(await value()).toBe(1);
  expect(state.loads).toBe(2);
  state.fails = false;
  state.ms += 30_000;
  expect(await value()).toBe(3);
});

test('a first load that fails is an error, and the next call tries again', async () => {
  const { state, value } = setUp();
  state.fails = true;
  await expect(value()).rejects.toThrow('down');
  state.fails = false;
  expect(await value()).toBe(2);
});
