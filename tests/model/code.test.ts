import { expect, test } from 'vitest';
import { codeStates, codeTurns, codeWalks, modelSeed, told } from './bounds.ts';
import { exploreCode } from './code/explore.ts';
import { scenes, storms } from './code/scenes.ts';
import { walkCode } from './code/walk.ts';

const named = <T extends { readonly name: string }>(all: readonly T[]) =>
  all.map((one) => [one.name, one] as const);

test.each(named(scenes))(
  'the code keeps every promise, turn by turn, when %s',
  async (_, scene) => {
    const { keyed = false } = scene;
    const found = await exploreCode(scene, { turns: codeTurns, states: codeStates }, { keyed });
    expect(told(found)).toBe('nothing is broken');
    expect(found.states).toBeGreaterThan(100);
  },
);

test.each(named([...scenes, ...storms]))(
  `the code keeps every promise on walks from seed ${modelSeed} when %s`,
  async (_, scene) => {
    const { keyed = false } = scene;
    const found = await walkCode(scene, { seed: modelSeed, walks: codeWalks }, { keyed });
    expect(told(found)).toBe('nothing is broken');
    expect(found.states).toBe(codeWalks);
  },
);
