import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait for a minute and more, for leases to run out and sweeps to come, and do little else. */
const waiting = ['circuit', 'crash', 'adoption', 'keys', 'generate', 'faults', 'promotion'].map(
  (name) => `/tests/e2e/${name}.test.ts`,
);

/**
 * Begins with the files that wait, each beside one that works: neither is the machine idle while they
 * all wait, nor is one of them left alone at the end. The others keep their order.
 */
export class WaitingEarly extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waiters = waiting.flatMap((name) =>
      sorted.filter(({ moduleId }) => moduleId.endsWith(name)),
    );
    const others = sorted.filter((file) => !waiters.includes(file));
    // Within their group: what runs in the groups before it keeps its place.
    const first = others.findIndex(({ project }) => project.name === waiters[0]?.project.name);
    const before = others.slice(0, Math.max(0, first));
    const beside = others.slice(before.length);
    return [
      ...before,
      ...waiters.flatMap((file, index) => [file, ...beside.slice(index, index + 1)]),
      ...beside.slice(waiters.length),
    ];
  }
}
