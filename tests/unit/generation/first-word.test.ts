import { expect, test } from 'vitest';
import { awaitFirstWord } from '../../../lib/generation/first-word.ts';
import { testClock } from '../../fixtures/test-clock.ts';

const scene = () => {
  const clock = testClock(0);
  const attempt = new AbortController();
  const word = awaitFirstWord(clock, attempt.signal);
  return { clock, word, stop: () => attempt.abort('stopped') };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a call that is stopped before its first event is closed when that has come', async () => {
  const { word, stop } = scene();
  stop();
  await settled();
  expect(word.signal.aborted).toBe(false);
  word.heard();
  expect(word.signal.reason).toBe('stopped');
});

test('it is closed without it after a second', async () => {
  const { clock, word, stop } = scene();
  stop();
  clock.leap(999);
  await settled();
  expect(word.signal.aborted).toBe(false);
  clock.leap(1);
  await settled();
  expect(word.signal.reason).toBe('stopped');
});

test('a call that was heard of is closed as soon as it is stopped', () => {
  const { word, stop } = scene();
  word.heard();
  expect(word.signal.aborted).toBe(false);
  stop();
  expect(word.signal.reason).toBe('stopped');
});

test('one that has ended waits for nothing more', async () => {
  const { clock, word, stop } = scene();
  word.end();
  stop();
  expect(clock.sleeping()).toBe(0);
  const stopped = scene();
  stopped.stop();
  stopped.word.end();
  await settled();
  expect(stopped.clock.sleeping()).toBe(0);
});
