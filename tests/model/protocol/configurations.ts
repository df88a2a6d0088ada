import type { Configuration } from './world.ts';

const queued = { decision: 'queued', adoptable: true, workers: 2, sweeps: 1, others: [] } as const;
const inline = { ...queued, decision: 'inline', workers: 1 } as const;

/** What is explored, from one fault to several at once. */
export const configurations: readonly Configuration[] = [
  { name: 'a worker crashes', ...queued, left: { crashes: 1, jumps: 1 } },
  {
    name: 'a worker crashes on an upstream that keeps nothing',
    ...queued,
    adoptable: false,
    left: { crashes: 1, jumps: 1 },
  },
  { name: 'a message is delivered twice', ...queued, left: { duplicates: 1, jumps: 2 } },
  { name: 'messages are lost', ...queued, left: { losses: 2, jumps: 1 } },
  { name: 'a write is in doubt', ...queued, left: { doubts: 1, jumps: 1 } },
  {
    name: 'a write is in doubt on an upstream that keeps nothing',
    ...queued,
    adoptable: false,
    left: { doubts: 1, jumps: 1 },
  },
  {
    name: 'a client cancels',
    ...queued,
    others: ['cancel'],
    left: { jumps: 1, upstreamFaults: 1 },
  },
  { name: 'a client deletes', ...queued, others: ['delete'], left: { jumps: 1, crashes: 1 } },
  {
    name: 'a client cancels, another deletes',
    ...inline,
    others: ['cancel', 'delete'],
    left: { doubts: 1 },
  },
  { name: 'a client reads along', ...queued, others: ['read'], left: { jumps: 1 } },
  {
    name: 'an inline attempt is promoted',
    ...inline,
    left: { functionEnds: 1, jumps: 1, crashes: 1 },
  },
  {
    name: 'an inline attempt is promoted on an upstream that keeps nothing',
    ...inline,
    adoptable: false,
    others: ['delete'],
    left: { functionEnds: 1, jumps: 1 },
  },
  {
    name: 'the upstream fails and loses',
    ...queued,
    left: { upstreamFaults: 2, crashes: 1 },
  },
  {
    name: 'functions end and hand over',
    ...queued,
    left: { functionEnds: 2, upstreamFaults: 1, jumps: 1 },
  },
  {
    name: 'a live stream is frozen',
    ...inline,
    adoptable: false,
    live: true,
    others: ['cancel'],
    left: { jumps: 1, upstreamFaults: 1 },
  },
  {
    name: 'an unstored job is deleted',
    ...inline,
    adoptable: false,
    unstored: true,
    others: ['delete'],
    left: { jumps: 1, crashes: 1 },
  },
  {
    name: 'a client cancels while its worker crashes',
    ...queued,
    workers: 1,
    others: ['cancel'],
    left: { crashes: 1, jumps: 1, claims: 2 },
  },
  {
    name: 'the deadline comes while a worker is at it',
    ...queued,
    workers: 1,
    deadlineMs: 50_000,
    left: { jumps: 1, crashes: 1, claims: 2 },
  },
  {
    name: 'a client deletes while its worker crashes',
    ...queued,
    workers: 1,
    others: ['delete'],
    left: { crashes: 1, jumps: 1, claims: 2 },
  },
  { name: 'two sweeps overlap', ...queued, sweeps: 2, left: { jumps: 1, losses: 1 } },
  {
    name: 'clocks disagree by five seconds',
    ...queued,
    clockOffMs: 5_000,
    left: { jumps: 1, crashes: 1 },
  },
];
