import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait for a minute and more, for leases to run out and sweeps to come: longest first. */
const longest = [
  'tests/faults/faults.test.ts',
  'tests/e2e/crash.test.ts',
  'tests/e2e/adoption.test.ts',
  'tests/e2e/functions-alone-ends.test.ts',
  'tests/e2e/faults.test.ts',
  'tests/e2e/keys.test.ts',
  'tests/e2e/generate.test.ts',
  'tests/e2e/circuit.test.ts',
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
  return rank === -1 ? longest.length : rank;
};

/** Begins with the files that take longest, so that none of them is left alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
