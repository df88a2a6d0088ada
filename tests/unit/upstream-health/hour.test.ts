import { expect, test } from 'vitest';
import { healthFreshMs } from '../../../lib/limits.ts';
import { upstreamHour, type Weather } from '../../fixtures/upstream-hour.ts';

const minuteMs = 60_000;
/** An hour takes seconds, on a machine that has nothing else to do. */
const timeout = 60_000;

const firstAfter = (hour: ReturnType<typeof upstreamHour>, event: string, ms: number) =>
  hour.turns.find((turn) => turn.event === event && turn.atMs >= ms)?.atMs ?? Number.NaN;

test('an upstream that fails two calls of a hundred stays closed for an hour', {
  timeout,
}, async () => {
  const hour = upstreamHour(7);
  hour.become({ failing: 0.02, how: 'both' });
  await hour.runTo(60 * minuteMs);
  expect(hour.calls.length).toBeGreaterThan(30_000);
  expect(hour.turns).toEqual([]);
  expect(hour.reads()).toBeLessThan((60 * minuteMs) / healthFreshMs);
});

test.each([
  ['refuses', 10],
  ['cuts', 30],
] as const)(
  'an upstream that %s every call is left alone within %i s, and until it is back',
  { timeout },
  async (how, openSeconds) => {
    const hour = upstreamHour(11);
    const well: Weather = { failing: 0.02, how: 'both' };
    hour.become(well);
    const [downMs, upMs] = [10 * minuteMs, 30 * minuteMs];
    await hour.runTo(downMs);
    const usualCalls = hour.calls.length * ((upMs - downMs) / downMs);
    hour.become({ failing: 1, how });
    await hour.runTo(upMs);
    const openedMs = firstAfter(hour, 'circuit.opened', downMs);
    expect(openedMs - downMs).toBeLessThan(openSeconds * 1000);
    const during = hour.calls.filter(({ atMs }) => atMs > openedMs + healthFreshMs && atMs < upMs);
    hour.become(well);
    await hour.runTo(60 * minuteMs);
    const closedMs = firstAfter(hour, 'circuit.closed', upMs);
    expect(closedMs - upMs).toBeLessThan(minuteMs);
    expect(hour.turns.filter(({ atMs }) => atMs > closedMs)).toEqual([]);
    // Of those that are refused hardly more than the probes; of those that begin well more have to fail.
    expect(during.length).toBeLessThan(how === 'refuses' ? 40 : usualCalls / 2);
  },
);
