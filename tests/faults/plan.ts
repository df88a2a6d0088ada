import { type Random, randomOf } from './prng.ts';
import { type PlannedRequest, planRequest } from './request-plan.ts';
import type { Size } from './size.ts';

/** Something done to whichever sandbox runs then. */
export type Blow = {
  readonly atMs: number;
  readonly kind: 'kill' | 'freeze';
  /** In [0, 1): which of the functions that run something, and which of its sandboxes. */
  readonly functionDraw: number;
  readonly sandboxDraw: number;
  /** How long a frozen one stands still. */
  readonly forMs: number;
  /** A sweep that ends between a write and its message costs that job two minutes more. */
  readonly sparesSweep: boolean;
};

export type Restart = {
  readonly atMs: number;
  /** As a machine that loses its power, or as an operator ends it. */
  readonly how: 'SIGKILL' | 'SIGINT';
  /** How long nothing runs. */
  readonly downMs: number;
};

/** All that is to happen, and when; times count from the moment the service is ready. */
export type Plan = {
  readonly seed: number;
  readonly requests: readonly PlannedRequest[];
  readonly blows: readonly Blow[];
  readonly restarts: readonly Restart[];
  /** Functions end so early until the first restart, so that some run out of time. */
  readonly firstTimeoutSeconds: number;
  /** No fault is injected after this. */
  readonly injectMs: number;
  /** No call to the queue fails after this; messages are still held back and doubled. */
  readonly queueFaultsUntilMs: number;
};

/** Short of the sweep's tick a minute after a start by the lease and the clocks' margin. */
const longFreezeWithinMs = 7_000;
const blowEveryMs = 900;
/**
 * A message that is lost is sent again two minutes later at the earliest, by the next sweep: so that
 * a short run need not wait for one sweep more, none is lost but by the restart soon before it.
 */
const beforeRestartMs = 5_000;
const beforeEndMs = 90_000;
/** Once in a short run, and in a long one each few minutes. */
const firstRestartMs = 23_000;
const restartEveryMs = 3 * 60_000;
/** The sweep two minutes after it finds what was lost by it due, also when its clock is slow. */
const downMs = 6_000;

/** What is left of it after the reserve is enough for most generations, and not for all. */
const firstTimeoutSeconds = 16;
/** Long enough that a function runs out of its time in it. */
const outOfTimeMs = firstTimeoutSeconds * 1000 + 2_000;

const freezeMs = (random: Random, kind: 'past the lease' | 'out of time' | 'moments'): number => {
  switch (kind) {
    case 'past the lease':
      return random.between(66_000, 80_000);
    case 'out of time':
      return outOfTimeMs;
    case 'moments':
      return random.between(200, 5_000);
  }
};

const planBlows = (
  seed: number,
  { injectMs, restarts }: Pick<Plan, 'injectMs' | 'restarts'>,
): Blow[] => {
  const random = randomOf(seed, 'blows');
  const blows: Blow[] = [];
  for (let atMs = 1_500; atMs < injectMs; atMs += random.between(300, 2 * blowEveryMs - 300)) {
    const kind = random.chance(0.7) ? 'kill' : 'freeze';
    const soonAfterRestart = restarts.some(
      (restart) => atMs > restart.atMs && atMs < restart.atMs + 2 * downMs + longFreezeWithinMs,
    );
    const madeGood = atMs < injectMs - beforeEndMs;
    const runsOut = restarts.every((restart) => restart.atMs - outOfTimeMs > atMs);
    const long = random.chance(soonAfterRestart ? 0.7 : 0.4);
    const lasts = soonAfterRestart || madeGood ? 'past the lease' : 'moments';
    blows.push({
      atMs,
      kind: soonAfterRestart && random.chance(0.6) ? 'freeze' : kind,
      functionDraw: random.next(),
      sandboxDraw: random.next(),
      forMs: freezeMs(random, long ? (runsOut ? 'out of time' : lasts) : 'moments'),
      sparesSweep: !madeGood,
    });
  }
  return blows;
};

/** The same plan for the same seed and size. */
export const planOf = (seed: number, { jobs, minutes }: Size): Plan => {
  const injectMs = Math.round(minutes * 60_000);
  const random = randomOf(seed, 'requests');
  const times = randomOf(seed, 'restarts');
  const firstMs = Math.min(injectMs * 0.6, firstRestartMs) + times.between(0, 2_000);
  const count = Math.max(1, Math.ceil((injectMs - firstMs) / restartEveryMs));
  const restarts = Array.from({ length: count }, (_, index) => ({
    atMs: Math.round(firstMs + index * restartEveryMs),
    how: times.chance(0.5) ? ('SIGKILL' as const) : ('SIGINT' as const),
    downMs,
  }));
  const last = restarts.at(-1) ?? { atMs: injectMs };
  return {
    seed,
    requests: Array.from({ length: jobs }, (_, index) =>
      planRequest(random, seed, index, injectMs),
    ),
    blows: planBlows(seed, { injectMs, restarts }),
    restarts,
    firstTimeoutSeconds,
    injectMs,
    queueFaultsUntilMs: Math.max(last.atMs - beforeRestartMs, injectMs - beforeEndMs),
  };
};
