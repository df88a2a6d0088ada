import { describe, expect, test } from 'vitest';
import { assertions } from '../../../scripts/template/assertions.ts';
import { readTemplate } from '../../../scripts/template/template.ts';
import { breakingGateway } from './breaking-gateway.ts';
import { breakingResources } from './breaking-resources.ts';
import { mutated } from './mutations.ts';

const template = await readTemplate();
const breaking = new Map([...breakingResources, ...breakingGateway]);

test('every promise is broken by some mistake', () => {
  expect([...breaking.keys()].sort()).toEqual(assertions.map(({ promise }) => promise).sort());
});

for (const { promise, violations } of assertions) {
  describe(promise, () => {
    test('the packaged template keeps it', () => {
      expect(violations(template)).toEqual([]);
    });

    for (const mutation of breaking.get(promise) ?? []) {
      test(`broken by ${mutation.name}`, () => {
        expect(violations(mutated(template, mutation))).not.toEqual([]);
      });
    }
  });
}
