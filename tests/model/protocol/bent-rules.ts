import type { JobField } from '../../../lib/job/write.ts';
import type { Bent } from './step.ts';

/** A rule that is switched off, and a configuration in which that is found out. */
export type BentRule = {
  readonly rule: string;
  readonly bent: Bent;
  readonly configuration: string;
};

const fencedWrites: readonly string[] = [
  'renew',
  'begin',
  'adopt',
  'forget',
  'checkpoint',
  'settle',
  'requeue',
  'promote',
  'hand-over',
];

/** The writes of those names without their clauses on these fields. */
const without = (names: readonly string[], ...fields: readonly JobField[]): Bent => ({
  weaken: (write) =>
    names.includes(write.name)
      ? { ...write, when: write.when.filter(({ field }) => !fields.includes(field)) }
      : write,
});

const clause = (name: string, field: JobField, configuration: string): BentRule => ({
  rule: `${name} without its clause on ${field}`,
  bent: without([name], field),
  configuration,
});

/** Rules that the check finds missing. */
export const bentRules: readonly BentRule[] = [
  {
    rule: 'fenced writes without status',
    bent: without(fencedWrites, 'status'),
    configuration: 'a client cancels while its worker crashes',
  },
  {
    rule: 'fenced writes without attempt and owner',
    bent: without(fencedWrites, 'attempt', 'owner'),
    configuration: 'a message is delivered twice',
  },
  {
    rule: 'fenced writes without writeNo',
    bent: without(fencedWrites, 'writeNo'),
    configuration: 'a write is in doubt',
  },
  clause('claim', 'status', 'a client cancels'),
  clause('claim', 'attempt', 'a message is delivered twice'),
  clause('expire', 'status', 'a client cancels'),
  clause('expire', 'leaseExpiresAtMs', 'a worker crashes'),
  clause('give-up', 'status', 'a live stream is frozen'),
  clause('give-up', 'leaseExpiresAtMs', 'a live stream is frozen'),
  clause('overrun', 'status', 'the deadline comes while a worker is at it'),
  clause('overrun', 'upstreamId', 'the deadline comes while a worker is at it'),
  clause('cancel', 'status', 'a client cancels while its worker crashes'),
  clause('cancel', 'attempt', 'a client cancels while its worker crashes'),
  clause('cancel', 'upstreamId', 'a client cancels while its worker crashes'),
  clause('bury', 'status', 'a client deletes'),
  clause('bury', 'attempt', 'a client deletes while its worker crashes'),
  clause('bury', 'upstreamId', 'a client deletes while its worker crashes'),
  clause('stopped', 'deletedAtMs', 'a client cancels, another deletes'),
  clause('leave', 'deletedAtMs', 'a client cancels, another deletes'),
  {
    rule: 'a write without an answer is taken for landed',
    bent: { trusting: true },
    configuration: 'a write is in doubt',
  },
  {
    rule: 'a superseded attempt stops its generation unseen',
    bent: { blindStop: true },
    configuration: 'a message is delivered twice',
  },
  {
    rule: 'the position before the chunk',
    bent: { positionFirst: true },
    configuration: 'a worker crashes',
  },
  {
    rule: 'the final object after the terminal write',
    bent: { finalLast: true },
    configuration: 'a worker crashes',
  },
];

/** Clauses that others make up for: without one of them alone nothing breaks. */
export const doubledRules: readonly { readonly rule: string; readonly bent: Bent }[] = [
  { rule: 'fenced writes without attempt', bent: without(fencedWrites, 'attempt') },
  { rule: 'fenced writes without owner', bent: without(fencedWrites, 'owner') },
  { rule: 'expire without attempt', bent: without(['expire'], 'attempt') },
  { rule: 'give-up without attempt', bent: without(['give-up'], 'attempt') },
  { rule: 'give-up without upstreamId', bent: without(['give-up'], 'upstreamId') },
  { rule: 'overrun without attempt', bent: without(['overrun'], 'attempt') },
];
