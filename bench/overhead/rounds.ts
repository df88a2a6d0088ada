import { type Answered, client } from './ask.ts';
import type { Way } from './ways.ts';

export type Sample = {
  readonly totalMs: number;
  readonly firstMs: number;
  readonly calls: string | undefined;
  readonly events: number;
};

export type Plan = {
  readonly ways: readonly Way[];
  readonly model: string;
  readonly stream: boolean;
  readonly concurrency: number;
  /** Of each way in each round. */
  readonly requests: number;
  readonly rounds: number;
};

/** What a way's requests took, and its process's CPU time for each. */
export type Measured = {
  readonly samples: Sample[];
  cpuMs: number;
  /** Requests that were not answered with 200, and the first such answer: they are in no figure. */
  failures: number;
  failure: string | undefined;
};

/** One that was answered as it should be, or how it was answered instead. */
type Outcome = Sample | { readonly failure: string };

const header = ({ headers }: Answered, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

const outcomeOf = (answered: Answered): Outcome => {
  const { status, text, totalMs, firstMs } = answered;
  if (status !== 200) return { failure: `${status} ${text.slice(0, 200)}` };
  return {
    totalMs,
    firstMs,
    calls: header(answered, 'x-bench-calls'),
    events: text.split('\n').filter((line) => line.startsWith('data:')).length,
  };
};

/**
 * All ways in turn, round after round, with so many requests under way at once: what else happens on
 * the machine meets all of them. A round before the first one is not counted, it warms.
 */
export const measure = async (plan: Plan): Promise<ReadonlyMap<Way, Measured>> => {
  const { ways, model, stream, concurrency, requests, rounds } = plan;
  const { ask, close } = client();
  const found = new Map(
    ways.map((way): [Way, Measured] => [
      way,
      { samples: [], cpuMs: 0, failures: 0, failure: undefined },
    ]),
  );

  const batch = async (way: Way): Promise<Outcome[]> => {
    const asked = way.chat(model, stream);
    const outcomes: Outcome[] = [];
    let left = requests;
    const one = async (): Promise<void> => {
      for (; left > 0; ) {
        left -= 1;
        outcomes.push(outcomeOf(await ask(asked)));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, one));
    return outcomes;
  };

  const note = (way: Way, outcomes: readonly Outcome[], cpuMs: number): void => {
    const measured = found.get(way);
    if (measured === undefined) return;
    measured.cpuMs += cpuMs / (requests * rounds);
    for (const outcome of outcomes) {
      if (!('failure' in outcome)) measured.samples.push(outcome);
      else {
        measured.failures += 1;
        measured.failure ??= outcome.failure;
      }
    }
  };

  try {
    for (let round = 0; round <= rounds; round += 1) {
      // The one that comes first is not always the same.
      const order = ways.map((_, at) => ways[(at + round) % ways.length]);
      for (const way of order) {
        if (way === undefined) continue;
        const cpuBefore = await way.cpuMs();
        const outcomes = await batch(way);
        if (round > 0) note(way, outcomes, (await way.cpuMs()) - cpuBefore);
      }
    }
    for (const [{ name }, { samples, failure }] of found) {
      if (samples.length === 0) throw new Error(`${name} answered nothing but ${failure}`);
    }
    return found;
  } finally {
    close();
  }
};
