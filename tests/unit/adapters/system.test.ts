import { expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { systemIds } from '../../../lib/adapters/system-ids.ts';

test('ids are 32 hex digits, unique and sorted by the time they were made', () => {
  const ids = systemIds();
  const made = Array.from({ length: 5_000 }, () => ids.next());
  expect(made.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  expect(new Set(made).size).toBe(made.length);
  expect(made.toSorted()).toEqual(made);
  expect(ids.nonce()).toMatch(/^[0-9a-f]{32}$/);
  expect(ids.nonce()).not.toBe(ids.nonce());
});

test('a sleep ends after its time', async () => {
  const clock = systemClock();
  const startedAtMs = clock.nowMs();
  await clock.sleep(30);
  expect(clock.nowMs() - startedAtMs).toBeGreaterThanOrEqual(25);
});

test("a sleep ends with the signal's reason, before or during it", async () => {
  const clock = systemClock();
  const reason = new Error('stopped');
  await expect(clock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const stopper = new AbortController();
  const sleeping = clock.sleep(60_000, stopper.signal);
  stopper.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
});
