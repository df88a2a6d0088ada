import { hash } from 'node:crypto';
import type { Job } from '../../../lib/job/job.ts';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import type { Left, Standing } from '../protocol/world.ts';

/* Where the code under check runs: each call of a port waits until it is chosen to be carried out. */

/** One way in which a call can come out. */
export type Way<T> = {
  readonly label: string;
  /** What it takes of what may still go wrong. */
  readonly cost?: keyof Left;
  readonly act: () => T;
};

type Pending = {
  readonly actor: string;
  readonly label: string;
  readonly choices: () => readonly Choice[];
  readonly cancel: () => void;
};

type Sleeper = {
  readonly actor: string;
  readonly atMs: EpochMs;
  readonly isPoll: boolean;
  readonly wake: () => void;
};

/** Something that can happen next. */
export type Choice = {
  readonly label: string;
  readonly run: () => void;
};

/** What there is, as the protocol's model has it; there may be no job yet. */
export type Facts = Omit<Standing, 'job'> & { readonly job: Job | undefined };

/** The pauses of those who look again and again: nothing is missed when they look later. */
const pollMs: readonly number[] = [150, 400, 1_000];

export class Stage {
  facts: Facts;
  readonly trace: string[] = [];
  /** The first promise that was broken. */
  broken: string | undefined;
  #pending: Pending[] = [];
  #sleepers: Sleeper[] = [];
  /** What each actor was told so far: it is in the same state whenever that is the same. */
  readonly #told = new Map<string, string>();

  constructor(facts: Facts) {
    this.facts = facts;
  }

  change(changes: Partial<Facts>): void {
    this.facts = { ...this.facts, ...changes };
  }

  spend(what: keyof Left): void {
    const { left } = this.facts;
    this.change({ left: { ...left, [what]: left[what] - 1 } });
  }

  tell(actor: string, what: string): void {
    const before = this.#told.get(actor) ?? '';
    this.#told.set(actor, hash('md5', `${before} ${this.facts.nowMs} ${what}`, 'base64'));
  }

  /** Waits to be chosen; rejects with the signal's reason when that aborts first. */
  call<T>(
    actor: string,
    label: string,
    ways: () => readonly Way<T>[],
    signal?: AbortSignal,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#pending = this.#pending.filter((other) => other !== pending);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        end();
        reject(signal?.reason);
      };
      const choose = ({ label: way, cost, act }: Way<T>): void => {
        end();
        if (cost !== undefined) this.spend(cost);
        try {
          const value = act();
          this.tell(actor, `${way} ${JSON.stringify(value) ?? ''}`);
          resolve(value);
        } catch (thrown) {
          this.tell(actor, `${way} throws`);
          reject(thrown);
        }
      };
      const pending: Pending = {
        actor,
        label,
        choices: () =>
          ways()
            .filter(({ cost }) => cost === undefined || this.facts.left[cost] > 0)
            .map((way) => ({ label: `${actor}: ${way.label}`, run: () => choose(way) })),
        cancel: end,
      };
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.#pending.push(pending);
    });
  }

  sleep(actor: string, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        actor,
        atMs: after(this.facts.nowMs, ms),
        isPoll: pollMs.includes(ms),
        wake: () => {
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          signal?.removeEventListener('abort', abort);
          this.tell(actor, 'wakes');
          resolve();
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Nothing that the actor waits for will come. */
  drop(actor: string): void {
    for (const pending of this.#pending) if (pending.actor === actor) pending.cancel();
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.actor !== actor);
    this.tell(actor, 'is no more');
  }

  /** What the actors wait for, in the order in which they began to. */
  choices(): readonly Choice[] {
    const { nowMs } = this.facts;
    const woken = this.#sleepers
      .filter(({ atMs }) => atMs <= nowMs)
      .map(({ actor, wake }) => ({ label: `${actor}: wakes`, run: wake }));
    return [...this.#pending.flatMap(({ choices }) => choices()), ...woken];
  }

  /** When sleepers wake, apart from those who only look again, and these. */
  moments(): { readonly firm: readonly EpochMs[]; readonly polls: readonly EpochMs[] } {
    const ahead = this.#sleepers.filter(({ atMs }) => atMs > this.facts.nowMs);
    return {
      firm: ahead.filter(({ isPoll }) => !isPoll).map(({ atMs }) => atMs),
      polls: ahead.filter(({ isPoll }) => isPoll).map(({ atMs }) => atMs),
    };
  }

  /** The actor has gone: what it was told matters no more. */
  forget(actor: string): void {
    this.#told.delete(actor);
  }

  /** The same for stages that nothing tells apart: what is, and what each actor was told. */
  key(): string {
    const told = [...this.#told].sort(([a], [b]) => (a < b ? -1 : 1));
    return hash('md5', JSON.stringify([this.facts, told]), 'base64');
  }
}
