import type { Duration } from '../../lib/durations/histogram.ts';
import { type Admission, admitByDuration } from '../../lib/job/admit.ts';
import type { ModelDurations } from '../../lib/ports/durations.ts';
import type { Model } from './models.ts';
import { exponential, type Random, seeded } from './random.ts';
import { countedStore, sandboxes, virtualClock } from './sandboxes.ts';

/** `before` is what was built before: inline unless told otherwise. */
export const policies = ['learned', 'before', 'all queued', 'oracle'] as const;
export type Policy = (typeof policies)[number];

/** How the service answers: `wait` as `POST /generate` has it, and what the queue's hop takes. */
export type Setting = {
  readonly waitMs: number;
  readonly hopMs: number;
  readonly requests: number;
  readonly submitters: number;
  readonly workers: number;
};

/** Counts over all requests of one run. */
export type Counts = {
  readonly promotions: number;
  /** Answered 202 although the generation alone would have fitted the wait. */
  readonly needless202s: number;
  /** Sent over the queue although it would have fitted. */
  readonly needlessHops: number;
  /** Time of generation paid, over the time of the generations delivered. */
  readonly waste: number;
  readonly reads: number;
  readonly writes: number;
};

type Event = { readonly atMs: number; happen(): Promise<void> };

/** What happens, in the order of its time; at the same time, in the order it was planned. */
const timeline = () => {
  const planned: Event[] = [];
  return {
    at: (atMs: number, happen: () => Promise<void>): void => {
      const place = planned.findLastIndex((event) => event.atMs <= atMs) + 1;
      planned.splice(place, 0, { atMs, happen });
    },
    next: (): Event | undefined => planned.shift(),
  };
};

const pick = <T>(random: Random, from: readonly T[]): T => {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new Error('There is nothing to pick from.');
  return picked;
};

const decide = async (
  policy: Policy,
  { waitMs }: Setting,
  durationMs: number,
  durations: ModelDurations,
): Promise<Admission['decision']> => {
  switch (policy) {
    case 'before':
      return 'inline';
    case 'all queued':
      return 'queued';
    case 'oracle':
      return durationMs <= waitMs ? 'inline' : 'queued';
    case 'learned': {
      const expected = await durations.expected('u', 'm', undefined);
      return admitByDuration({ waitMs, expected, resumable: false, unseen: 'queued' }).decision;
    }
  }
};

/** Requests to one model under one policy, by the service's own code on virtual time. */
export const simulate = async (
  model: Model,
  policy: Policy,
  setting: Setting,
  seed: number,
): Promise<Counts> => {
  const { waitMs, hopMs, requests } = setting;
  const [random, other] = [seeded(seed), seeded(seed + 1)];
  const clock = virtualClock();
  const store = countedStore();
  const submitters = sandboxes(setting.submitters, store, clock, other);
  const workers = sandboxes(setting.workers, store, clock, other);
  const { at, next } = timeline();
  const counts = { promotions: 0, needless202s: 0, needlessHops: 0 };
  let [paidMs, deliveredMs] = [0, 0];

  const saw = (by: readonly ModelDurations[], duration: Duration): Promise<void> =>
    policy === 'learned'
      ? pick(other, by).saw('u', 'm', { ...duration, maxOutputTokens: undefined })
      : Promise.resolve();

  const arrive = async (nowMs: number, durationMs: number): Promise<void> => {
    const fits = durationMs <= waitMs;
    deliveredMs += durationMs;
    paidMs += durationMs;
    const decision = await decide(policy, setting, durationMs, pick(other, submitters));
    if (decision === 'queued') {
      if (fits) counts.needlessHops += 1;
      if (fits && durationMs + hopMs > waitMs) counts.needless202s += 1;
      at(nowMs + hopMs + durationMs, () => saw(workers, { ms: durationMs, isWhole: true }));
    } else if (fits)
      at(nowMs + durationMs, () => saw(submitters, { ms: durationMs, isWhole: true }));
    else {
      counts.promotions += 1;
      paidMs += waitMs;
      at(nowMs + waitMs, () => saw(submitters, { ms: waitMs, isWhole: false }));
      const repeated = { ms: durationMs, isWhole: true, toldBeyondMs: waitMs };
      at(nowMs + waitMs + hopMs + durationMs, () => saw(workers, repeated));
    }
  };

  let arriveMs = 0;
  for (let request = 0; request < requests; request += 1) {
    arriveMs += exponential(random, model.everyMs);
    const [atMs, durationMs] = [arriveMs, model.durationMs(random, request / requests)];
    at(atMs, () => arrive(atMs, durationMs));
  }
  for (let event = next(); event !== undefined; event = next()) {
    clock.moveTo(event.atMs);
    await event.happen();
  }
  return { ...counts, ...store.asked, waste: paidMs / deliveredMs };
};
