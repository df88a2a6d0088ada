import { expect, test } from 'vitest';
import { modelDepth, protocolStates, told } from './bounds.ts';
import { configurations } from './protocol/configurations.ts';
import { explore } from './protocol/explore.ts';

const unbounded = 1_000;

test.each(configurations.map((configuration) => [configuration.name, configuration] as const))(
  'every promise holds when %s',
  (name, configuration) => {
    const found = explore(configuration, { depth: unbounded, states: protocolStates });
    if (modelDepth > 1) {
      const { states, steps, depth, complete } = found;
      process.stdout.write(`${JSON.stringify({ name, states, steps, depth, complete })}\n`);
    }
    expect(told(found)).toBe('nothing is broken');
    expect(found.states).toBeGreaterThan(100);
  },
);
