import { describe, expect, it } from 'vitest';
import { newCompany, type Seat } from '../../../lib/generation/solitude.ts';

/** Jobs of one invocation that begin and end on command, and a record of what ran beside what. */
const scene = (leftMs = () => 900_000) => {
  const company = newCompany(leftMs);
  const running = new Set<string>();
  const beside: Record<string, string[]> = {};
  const ends = new Map<string, () => void>();
  const outcomes: Record<string, 'ran' | 'late' | 'crowded'> = {};
  const all: Promise<unknown>[] = [];

  const carryOut = async (name: string, fails: boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, resolve);
    running.add(name);
    beside[name] = [...running].filter((other) => other !== name);
    await promise;
    running.delete(name);
    outcomes[name] = 'ran';
    if (fails) throw new Error(name);
  };
  const join = (name: string, act: (seat: Seat) => Promise<void>): void => {
    all.push(company.join(act).catch((error: Error) => expect(error.message).toBe(name)));
  };
  return {
    neighbour: (name: string, fails = false) => join(name, () => carryOut(name, fails)),
    suspect: (name: string, fails = false) =>
      join(name, async (seat) => {
        // Whether it crashed before is read first.
        await Promise.resolve();
        const solitude = await seat.alone();
        if (solitude === 'alone') await carryOut(name, fails);
        else outcomes[name] = solitude;
      }),
    end: async (name: string) => {
      ends.get(name)?.();
      // Whoever is next has begun when all that could happen has.
      await new Promise(setImmediate);
    },
    started: async () => {
      await new Promise(setImmediate);
      return [...running].sort();
    },
    over: async () => {
      await Promise.all(all);
      return outcomes;
    },
    beside,
  };
};

describe('a job that has crashed before', () => {
  it('waits until every other of the batch is done', async () => {
    const { neighbour, suspect, end, started, over, beside } = scene();
    suspect('suspect');
    neighbour('a');
    neighbour('b');
    expect(await started()).toEqual(['a', 'b']);
    await end('a');
    expect(await started()).toEqual(['b']);
    await end('b');
    expect(await started()).toEqual(['suspect']);
    await end('suspect');
    await over();
    expect(beside['suspect']).toEqual([]);
  });

  it('leaves the sandbox to the first of its kind, at once', async () => {
    const { neighbour, suspect, end, started, over } = scene();
    for (const name of ['x', 'y', 'z']) suspect(name);
    neighbour('a');
    expect(await started()).toEqual(['a']);
    await end('a');
    expect(await started()).toEqual(['x']);
    await end('x');
    expect(await over()).toEqual({ a: 'ran', x: 'ran', y: 'crowded', z: 'crowded' });
  });

  it('starts at once when nobody is beside it', async () => {
    const { suspect, started, end, over } = scene();
    suspect('only');
    expect(await started()).toEqual(['only']);
    await end('only');
    expect(await over()).toEqual({ only: 'ran' });
  });

  it('gets its turn whether those before it succeed or throw', async () => {
    const { neighbour, suspect, end, over } = scene();
    neighbour('a', true);
    suspect('x', true);
    for (const name of ['a', 'x']) await end(name);
    expect(await over()).toEqual({ a: 'ran', x: 'ran' });
  });

  it('is told when its turn comes too late in the function’s time', async () => {
    let leftMs = 900_000;
    const { neighbour, suspect, end, over } = scene(() => leftMs);
    neighbour('a');
    suspect('x');
    leftMs = 119_999;
    await end('a');
    expect(await over()).toEqual({ a: 'ran', x: 'late' });
  });

  it('runs in whatever is left when it has waited for nobody', async () => {
    const { suspect, end, started, over } = scene(() => 10_000);
    suspect('x');
    expect(await started()).toEqual(['x']);
    await end('x');
    expect(await over()).toEqual({ x: 'ran' });
  });
});
