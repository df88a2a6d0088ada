import { configurations } from '../protocol/configurations.ts';
import type { Configuration } from '../protocol/world.ts';

/** A configuration as the code plays it; `keyed`: two clients send one request with one key. */
export type Scene = Configuration & { readonly keyed?: boolean };

const queued = { decision: 'queued', adoptable: true, workers: 2, sweeps: 1, others: [] } as const;

const inline = { ...queued, decision: 'inline' } as const;

/** What the protocol's model explores, and the creation under a key, which is only in the code. */
export const scenes: readonly Scene[] = [
  ...configurations,
  {
    name: 'a key is sent twice for a queued job',
    ...queued,
    keyed: true,
    left: { crashes: 1, doubts: 1, losses: 1 },
  },
  {
    name: 'a key is sent twice for an inline job',
    ...inline,
    keyed: true,
    left: { crashes: 1, doubts: 1, jumps: 1 },
  },
  { name: 'a job is parked', ...queued, parks: true, left: { jumps: 2, claims: 4 } },
  {
    name: 'a job is parked while its worker crashes',
    ...queued,
    parks: true,
    left: { jumps: 2, crashes: 1, claims: 4 },
  },
  {
    name: 'a parked job is cancelled',
    ...queued,
    parks: true,
    others: ['cancel'],
    left: { jumps: 2, losses: 1, claims: 4 },
  },
  {
    name: 'a parked job is read along',
    ...queued,
    parks: true,
    others: ['read'],
    left: { jumps: 2, duplicates: 1, claims: 5 },
  },
  {
    name: 'a parked job is deleted',
    ...queued,
    parks: true,
    others: ['delete'],
    left: { jumps: 2, duplicates: 1, doubts: 1, claims: 4 },
  },
];

const everything = {
  sweeps: 2,
  others: ['cancel', 'delete', 'read'],
  left: {
    crashes: 2,
    doubts: 3,
    jumps: 3,
    duplicates: 2,
    losses: 2,
    upstreamFaults: 2,
    functionEnds: 2,
  },
} as const;

/** Everything at once: too much to explore, for walks at random. */
export const storms: readonly Scene[] = [
  { ...queued, ...everything, name: 'a queued job in a storm' },
  {
    ...queued,
    ...everything,
    adoptable: false,
    name: 'the same on an upstream that keeps nothing',
  },
  { ...queued, ...everything, parks: true, name: 'a job that is parked in a storm' },
  {
    ...inline,
    ...everything,
    parks: true,
    name: 'an inline job that is parked later, in a storm',
  },
  { ...inline, ...everything, name: 'an inline job in a storm' },
  { ...inline, ...everything, live: true, adoptable: false, name: 'a live stream in a storm' },
  {
    ...inline,
    ...everything,
    unstored: true,
    adoptable: false,
    name: 'an unstored job in a storm',
  },
  { ...queued, ...everything, others: ['read'], name: 'a job that nobody ends, in a storm' },
  { ...inline, ...everything, keyed: true, name: 'one key sent twice, in a storm' },
];
