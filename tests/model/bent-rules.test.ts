import { expect, test } from 'vitest';
import { told } from './bounds.ts';
import { scenes } from './code/scenes.ts';
import { walkCode } from './code/walk.ts';
import { bentRules, doubledRules } from './protocol/bent-rules.ts';
import { configurations } from './protocol/configurations.ts';
import { explore } from './protocol/explore.ts';

const bounds = { depth: 1_000, states: 60_000 };

const configurationOf = (name: string) => {
  const found = configurations.find((configuration) => configuration.name === name);
  if (found === undefined) throw new Error(`No configuration is called ${name}.`);
  return found;
};

test.each(bentRules.map((bent) => [bent.rule, bent] as const))(
  '"%s" is found out',
  (_, { bent, configuration }) => {
    expect(explore(configurationOf(configuration), bounds, bent).broken).toBeDefined();
  },
);

test.each(doubledRules.map(({ rule, bent }) => [rule, bent] as const))(
  '"%s" breaks nothing, since another clause stands in for it',
  (_, bent) => {
    const names = ['a message is delivered twice', 'the deadline comes while a worker is at it'];
    for (const name of names) {
      const found = explore(configurationOf(name), { ...bounds, states: 4_000 }, bent);
      expect(told(found)).toBe('nothing is broken');
    }
  },
);

/** Those that a few walks at random come across; the others take more turns than chance has. */
const inCode: readonly string[] = [
  'fenced writes without status',
  'claim without its clause on status',
  'give-up without its clause on status',
  'give-up without its clause on leaseExpiresAtMs',
  'stopped without its clause on deletedAtMs',
  'leave without its clause on deletedAtMs',
  'a write without an answer is taken for landed',
];

test.each(
  bentRules.filter(({ rule }) => inCode.includes(rule)).map((bent) => [bent.rule, bent] as const),
)('"%s" is found out in the code as well', async (_, { bent, configuration }) => {
  const scene = scenes.find(({ name }) => name === configuration);
  if (scene === undefined) throw new Error(`No scene is called ${configuration}.`);
  const found = await walkCode(scene, { seed: 1, walks: 5_000 }, { bent });
  expect(found.broken).toBeDefined();
});
