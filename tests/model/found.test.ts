import { expect, test } from 'vitest';
import { told } from './bounds.ts';
import { play } from './code/play.ts';
import { scenes } from './code/scenes.ts';

/* What the check has found before, step by step. */

/** Plays these steps, then whatever comes first, until all is quiet. */
const replay = async (name: string, steps: readonly string[]): Promise<string> => {
  const scene = scenes.find((one) => one.name === name);
  if (scene === undefined) throw new Error(`No scene is called ${name}.`);
  const { stage, choices, take } = await play({ ...scene, left: { ...scene.left, losses: 1 } });
  for (const step of steps) {
    const choice = choices().find(({ label }) => label === step);
    if (choice === undefined) throw new Error(`"${step}" cannot happen here.`);
    await take(choice);
  }
  for (let next = choices()[0]; next !== undefined; next = choices()[0]) await take(next);
  const promise = stage.broken;
  return told(promise === undefined ? {} : { broken: { promise, trace: stage.trace } });
};

test('a generation that began as its job was cancelled is stopped, though a read fails then', async () => {
  const found = await replay('a client cancels, another deletes', [
    'client 1: create',
    'client 1: starts a generation',
    'a client comes to cancel',
    'cancel: load',
    'cancel: cancel',
    'client 1: hears event 0 of generation 1',
    'client 1: begin',
    'client 1: load',
    'client 1: load fails',
  ]);
  expect(found).toBe('nothing is broken');
});
