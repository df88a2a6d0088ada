import { type FaultName, faultNames } from '../../local/demo-model/faults.ts';
import type { Random } from './prng.ts';

/** One request of one client, and what it does besides. */
export type PlannedRequest = {
  /** Unique: prompt, metadata and idempotency key are made of it, so that all logs can be joined. */
  readonly name: string;
  /** After the beginning of the run. */
  readonly atMs: number;
  readonly api: 'generate' | 'responses' | 'chat';
  readonly mode: 'plain' | 'async' | 'stream' | 'background' | 'background-stream';
  /** The wait that the client asks for; undefined leaves it to the service. */
  readonly waitSeconds?: number;
  readonly model: string;
  /** The fault that the model meets, and how often; undefined means each time. */
  readonly fault?: { readonly name: FaultName; readonly times?: number };
  /** It sends a key, and sends the request again until it hears what became of it. */
  readonly keyed: boolean;
  /** A second client sends the same request with the same key at the same time. */
  readonly twin: boolean;
  /** The client is gone after so many bytes of the request's body or of the answer. */
  readonly leave?: { readonly part: 'request' | 'answer'; readonly afterBytes: number };
  /** It changes its mind. */
  readonly regret?: { readonly what: 'cancel' | 'delete'; readonly afterMs: number };
  /** Readers that poll at the same time. */
  readonly readers: number;
};

/**
 * So many upstreams of each protocol, all of them the same model: each has a budget of its own for
 * retries, and this many faults would spend that of one.
 */
export const upstreamsEach = 3;

/** How long a reply is held, unless the request says otherwise. */
export const heldMs = 15_000;

const modes = {
  generate: ['plain', 'plain', 'async'],
  responses: ['plain', 'stream', 'background', 'background-stream', 'background-stream'],
  chat: ['plain', 'stream', 'async'],
} as const;

/** Faults that show only once a time limit has passed: 60 s between events, 120 s before the first. */
const slowFaults: readonly FaultName[] = ['no_headers', 'no_first_token', 'stall'];
/** A run that is longer than this has the time for them, if they come that long before its end. */
const slowRunMs = 3 * 60_000;
const slowBeforeMs = 6_000;

const faultOf = (random: Random, index: number): PlannedRequest['fault'] => {
  // Each fault on each protocol once; after that, some requests meet one at random.
  const due = faultNames[index >> 1];
  const name = due ?? (random.chance(0.12) ? random.pick(faultNames) : undefined);
  if (name === undefined) return undefined;
  const slow = slowFaults.includes(name);
  if (slow && due === undefined) return undefined;
  if (!slow && random.chance(0.25)) return { name };
  return { name, times: slow ? 1 : random.between(1, 2) };
};

const modelOf = (
  random: Random,
  protocol: 'chat' | 'responses',
  fault: PlannedRequest['fault'],
): string => {
  const long = random.chance(0.12);
  const controls = new URLSearchParams({
    varied: '1',
    tokens: String(long ? random.between(120, 250) : random.between(20, 200)),
    rate: String(long ? 20 : random.between(30, 300)),
  });
  if (fault !== undefined) {
    controls.set('fault', fault.name);
    controls.set('after', String(random.between(0, 15)));
    if (fault.times !== undefined) controls.set('times', String(fault.times));
    if (random.chance(0.3)) controls.set('retry_after', String(random.between(0, 3)));
  }
  return `demo-${protocol}-${random.between(1, upstreamsEach)}?${controls}`;
};

const leaveOf = (random: Random): PlannedRequest['leave'] => {
  if (!random.chance(0.15)) return undefined;
  return random.chance(0.3)
    ? { part: 'request', afterBytes: random.between(0, 250) }
    : { part: 'answer', afterBytes: random.between(0, 4_000) };
};

/** The request number `index`, some time within `withinMs`. */
export const planRequest = (
  random: Random,
  seed: number,
  index: number,
  withinMs: number,
): PlannedRequest => {
  const fault = faultOf(random, index);
  const protocol = index % 2 === 0 ? 'chat' : 'responses';
  const slow = fault !== undefined && slowFaults.includes(fault.name);
  // A live stream fails with its function and is never begun anew: in a short run that is its end.
  const short = slow && withinMs < slowRunMs;
  const api = short
    ? random.pick(['responses', 'chat'] as const)
    : random.pick(['generate', 'responses', 'chat'] as const);
  const leave = leaveOf(random);
  const regretting = random.chance(0.08);
  const keyed = random.chance(0.5);
  return {
    name: `r${seed}-${index}`,
    atMs: random.between(0, slow ? Math.max(slowBeforeMs, withinMs - slowRunMs) : withinMs),
    api,
    mode: short ? 'stream' : random.pick<PlannedRequest['mode']>(modes[api]),
    ...(random.chance(0.25) && !short ? { waitSeconds: random.between(1, 4) } : {}),
    model: modelOf(random, protocol, fault),
    ...(fault === undefined ? {} : { fault }),
    keyed,
    // A deleted response gives its key free, and the twin would get another job.
    twin: keyed && !regretting && random.chance(0.3),
    ...(leave === undefined ? {} : { leave }),
    ...(regretting
      ? {
          regret: {
            what: random.pick(['cancel', 'delete'] as const),
            afterMs: random.between(0, 6_000),
          },
        }
      : {}),
    readers: random.chance(0.3) ? 2 : 1,
  };
};
