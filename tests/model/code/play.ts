import { dueAction } from '../../../lib/job/due.ts';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import { clockSkewMs } from '../../../lib/limits.ts';
import { brokenAtRest, brokenBy } from '../protocol/promises.ts';
import type { Bent } from '../protocol/step.ts';
import { land } from '../protocol/step.ts';
import { type Configuration, firstWorld } from '../protocol/world.ts';
import { type Cellar, portsOf } from './ports.ts';
import { client, submit, sweepOnce, workOn } from './run.ts';
import { type Choice, Stage } from './stage.ts';

/* One configuration played from its beginning, choice by choice. */

type Role = 'attempt' | 'sweep' | 'client' | 'reader';
type Player = { readonly role: Role; readonly ending: AbortController };

const functionLifeMs = 15 * 60_000;
const firstClient = 'client 1';

export type Play = {
  readonly stage: Stage;
  /** The same for plays that nothing tells apart. */
  key(): string;
  /** What can happen next; empty when all is quiet for good. */
  choices(): readonly Choice[];
  /** Carries one out, until everybody waits again. */
  take(choice: Choice): Promise<void>;
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const play = async (
  configuration: Configuration,
  { keyed = false, bent = {} }: { readonly keyed?: boolean; readonly bent?: Bent } = {},
): Promise<Play> => {
  const { actors: _, ...first } = firstWorld(configuration);
  const stage = new Stage({ ...first, job: undefined, messages: [] });
  const cellar: Cellar = { requests: new Map(), key: undefined };
  const players = new Map<string, Player>();
  const waiting = new Set(configuration.others);
  let isAccepted = false;
  let workers = 0;
  let sweeps = 0;

  const depsOf = (name: string) => portsOf(stage, name, { ...configuration, cellar, bent });

  const enter = (
    name: string,
    role: Role,
    act: (ending: AbortSignal) => Promise<unknown>,
  ): void => {
    const ending = new AbortController();
    players.set(name, { role, ending });
    stage.tell(name, 'enters');
    const leave = (): void => {
      players.delete(name);
      stage.forget(name);
    };
    act(ending.signal).then(leave, leave);
  };

  const submitter = (name: string): void =>
    enter(name, 'attempt', async (ending) => {
      const told = await submit(depsOf(name), configuration, keyed, ending);
      isAccepted = told || isAccepted;
    });

  const rolesLike = (role: Role): number =>
    [...players.values()].filter((player) => player.role === role).length;

  /** Who is not there any more does nothing more, and a generation it told nobody of runs on unseen. */
  const vanish = (name: string): void => {
    const held = stage.facts.holders.filter(({ by }) => by === name).map((one) => one.attempt);
    // Without a key the call of the first attempt goes out before the job is on record.
    const attempts = name === firstClient && !keyed ? [1, ...held] : held;
    const { job } = stage.facts;
    const generations = stage.facts.generations.map((one) => {
      if (!attempts.includes(one.openedBy) || job?.upstreamId === `g${one.number}`) return one;
      const state =
        one.state === 'running' && !configuration.adoptable ? ('stopped' as const) : one.state;
      return { ...one, state, excused: true, orphaned: state === 'running' };
    });
    stage.change({ generations });
    stage.drop(name);
    stage.forget(name);
    players.delete(name);
  };

  const entrances = (): readonly Choice[] => {
    const { job, nowMs, messages, left } = stage.facts;
    if (job === undefined) return [];
    const choices: Choice[] = [];
    const [visibleAtMs, ...others] = messages;
    if (
      visibleAtMs !== undefined &&
      visibleAtMs <= nowMs &&
      left.claims > 0 &&
      rolesLike('attempt') < configuration.workers
    ) {
      const receive = (kept: readonly EpochMs[]): void => {
        workers += 1;
        stage.change({ messages: kept });
        stage.spend('claims');
        const name = `worker ${workers}`;
        const deps = { ...depsOf(name), ...(configuration.parks ? { parkAfterMs: 0 } : {}) };
        enter(name, 'attempt', (ending) => workOn(stage, deps, job.id, ending));
      };
      choices.push({ label: 'a worker receives', run: () => receive(others) });
      if (left.duplicates > 0) {
        const twice = (): void => {
          stage.spend('duplicates');
          receive(messages);
        };
        choices.push({ label: 'a worker receives what is delivered twice', run: twice });
      }
    }
    const isDue = dueAction(job, nowMs).kind !== 'nothing';
    if (isDue && rolesLike('sweep') < configuration.sweeps) {
      const run = (): void => {
        sweeps += 1;
        const name = `sweep ${sweeps}`;
        enter(name, 'sweep', () => sweepOnce(depsOf(name)));
      };
      choices.push({ label: 'a sweep begins', run });
    }
    for (const kind of waiting) {
      const run = (): void => {
        waiting.delete(kind);
        const role = kind === 'read' ? 'reader' : 'client';
        enter(kind, role, () => client(stage, depsOf(kind), kind, job.id));
      };
      choices.push({ label: `a client comes to ${kind}`, run });
    }
    return choices;
  };

  const lateWrites = (): readonly Choice[] =>
    stage.facts.late.map(({ write, by }, index) => ({
      label: `${by}: late ${write.name} arrives`,
      run: () => {
        const late = stage.facts.late.filter((_one, other) => other !== index);
        stage.change({ late });
        const { job } = stage.facts;
        const next = job === undefined ? undefined : land({ ...stage.facts, job }, write, by);
        stage.facts = next ?? stage.facts;
      },
    }));

  const mishaps = (): readonly Choice[] => {
    const { left } = stage.facts;
    const choices: Choice[] = [];
    for (const [name, { role, ending }] of players) {
      if (left.crashes > 0 && role !== 'reader') {
        const run = (): void => {
          stage.spend('crashes');
          vanish(name);
        };
        choices.push({ label: `${name} crashes`, run });
      }
      if (left.functionEnds > 0 && role === 'attempt' && !ending.signal.aborted) {
        const run = (): void => {
          stage.spend('functionEnds');
          stage.tell(name, 'its function ends');
          ending.abort();
        };
        choices.push({ label: `${name}: its function ends`, run });
      }
    }
    return choices;
  };

  const jobMoments = (): readonly EpochMs[] => {
    const { job, messages } = stage.facts;
    if (job === undefined) return messages;
    const { dueAtMs, status, notBeforeMs, leaseExpiresAtMs, deadlineAtMs } = job;
    const own = dueAtMs === undefined ? [] : [dueAtMs];
    if (status === 'queued') return [...messages, ...own, notBeforeMs];
    if (status !== 'in_progress') return [...messages, ...own];
    const lease = [after(leaseExpiresAtMs, 1), after(leaseExpiresAtMs, clockSkewMs + 1)];
    return [...messages, ...own, ...lease, deadlineAtMs];
  };

  const ahead = (moments: readonly EpochMs[]): readonly EpochMs[] =>
    [...new Set(moments.filter((atMs) => atMs > stage.facts.nowMs))].sort((a, b) => a - b);

  const passTo = (atMs: EpochMs): void => {
    if (atMs - stage.facts.nowMs > functionLifeMs) for (const name of players.keys()) vanish(name);
    stage.change({ nowMs: atMs });
  };

  const secondsTo = (atMs: EpochMs): string =>
    `${Math.round((atMs - stage.facts.nowMs) / 100) / 10} s`;

  const choices = (): readonly Choice[] => {
    const { late, left } = stage.facts;
    const doing = [...stage.choices(), ...entrances()];
    if (doing.length === 0 && late.length === 0) {
      const { firm, polls } = stage.moments();
      const told = [...jobMoments(), ...firm, ...(configuration.parks ? polls : [])];
      const soonest = ahead(told)[0] ?? ahead(polls)[0];
      if (soonest === undefined) return [];
      return [{ label: `${secondsTo(soonest)} pass`, run: () => passTo(soonest) }];
    }
    const jumps = left.jumps === 0 ? [] : ahead(jobMoments());
    return [
      ...doing,
      ...lateWrites(),
      ...mishaps(),
      ...jumps.map((atMs) => ({
        label: `everything stands still for ${secondsTo(atMs)}`,
        run: () => {
          stage.spend('jumps');
          passTo(atMs);
        },
      })),
    ];
  };

  const check = (before: Stage['facts']): void => {
    const { job } = stage.facts;
    if (stage.broken !== undefined || job === undefined) return;
    stage.broken = brokenBy({ ...before, job: before.job ?? job }, { ...stage.facts, job });
  };

  const checkAtRest = (): void => {
    const { job } = stage.facts;
    if (stage.broken !== undefined || choices().length > 0) return;
    if (job !== undefined) stage.broken = brokenAtRest({ ...stage.facts, job });
    else if (isAccepted) stage.broken = 'a job that was accepted is not there';
  };

  submitter(firstClient);
  if (keyed) submitter('client 2');
  await settled();

  return {
    stage,
    key: () => `${stage.key()} ${[...waiting].join()}`,
    choices,
    take: async (choice) => {
      const before = stage.facts;
      stage.trace.push(choice.label);
      choice.run();
      await settled();
      check(before);
      checkAtRest();
    },
  };
};
