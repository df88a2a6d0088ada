import { createJob } from '../../../lib/job/create.ts';
import type { Job } from '../../../lib/job/job.ts';
import { type EpochMs, epochMs } from '../../../lib/job/time.ts';
import type { JobWrite } from '../../../lib/job/write.ts';
import type { TranscriptChunk } from '../../../lib/ports/content.ts';

/** How many tokens a whole generation has; its n-th is `<number>:<n> `. */
export const tokensEach = 2;

export const tokenOf = (generation: number, at: number): string => `${generation}:${at} `;

/** A generation at the upstream. Adoptable ones run on without a connection. */
export type Generation = {
  readonly number: number;
  readonly openedBy: number;
  readonly state: 'running' | 'finished' | 'failed' | 'stopped';
  /** A fault explains why another may follow it. */
  readonly excused: boolean;
  /** Its attempt died before it could tell anybody of it: nobody can stop it (protocol, last section). */
  readonly orphaned: boolean;
};

/** One run of an attempt, inline or by a worker that is idle between two messages. */
export type Attempt = {
  readonly kind: 'attempt';
  readonly name: string;
  readonly at: string;
  readonly via: 'inline' | 'worker';
  readonly clockOffMs: number;
  /** The job as the last own write or read left it. */
  readonly job?: Job | undefined;
  readonly owner?: string | undefined;
  /** The fenced write under way, and where the attempt goes on once it has landed. */
  readonly write?: JobWrite | undefined;
  readonly goesTo?: string | undefined;
  readonly generation?: number | undefined;
  /** Tokens received of it. */
  readonly received?: number | undefined;
  readonly pending?: readonly string[] | undefined;
  /** A chunk whose bytes are fixed, since it may have been written. */
  readonly frozen?: TranscriptChunk | undefined;
  readonly stopId?: string | undefined;
};

/** The sweep, a client that cancels, one that deletes, one that reads. */
export type Outsider = {
  readonly kind: 'sweep' | 'cancel' | 'delete' | 'read';
  readonly name: string;
  readonly at: string;
  readonly clockOffMs: number;
  readonly job?: Job | undefined;
  readonly write?: JobWrite | undefined;
  readonly send?: boolean | undefined;
};

export type Actor = Attempt | Outsider;

/** How many of each fault may still happen. */
export type Left = {
  readonly crashes: number;
  readonly doubts: number;
  /** Of the time going on although somebody has something to do: freezes and slow networks. */
  readonly jumps: number;
  readonly duplicates: number;
  readonly losses: number;
  readonly upstreamFaults: number;
  readonly functionEnds: number;
  readonly claims: number;
};

/** Everything there is, at one moment. Never changed, only replaced. */
export type World = {
  readonly nowMs: EpochMs;
  readonly job: Job;
  readonly chunks: readonly TranscriptChunk[];
  readonly finals: readonly { readonly attempt: number; readonly text: string }[];
  readonly generations: readonly Generation[];
  /** When each message can be received. */
  readonly messages: readonly EpochMs[];
  /** Writes that timed out and may still land. */
  readonly late: readonly { readonly write: JobWrite; readonly by: string }[];
  readonly actors: readonly Actor[];
  readonly left: Left;
  /** Who landed fenced writes under which attempt number. */
  readonly holders: readonly { readonly attempt: number; readonly by: string }[];
  /** Attempts whose lease truly ran out. */
  readonly expired: readonly number[];
  readonly purgedTwice: boolean;
};

/** What there is but for those who act. */
export type Standing = Omit<World, 'actors'>;

/** What is explored: how the job comes in, who is there, and what may go wrong. */
export type Configuration = {
  readonly name: string;
  readonly decision: 'inline' | 'queued';
  readonly adoptable: boolean;
  readonly live?: boolean;
  readonly unstored?: boolean;
  /** Workers let go of what goes on without them, at their first beat. Only the code plays it. */
  readonly parks?: boolean;
  /** An hour, unless another is given. */
  readonly deadlineMs?: number;
  readonly workers: number;
  readonly sweeps: number;
  readonly others: readonly ('cancel' | 'delete' | 'read')[];
  readonly left: Partial<Left>;
  /** The first worker's clock is off by this, the sweep's by as much the other way. */
  readonly clockOffMs?: number;
};

export const hourMs = 3_600_000;
const noonMs = epochMs(1_800_000_000_000);

const firstJob = ({ decision, live, unstored, deadlineMs = hourMs }: Configuration): Job =>
  createJob({
    id: 'gen_1',
    api: 'generate',
    tenant: 'acme',
    model: 'm',
    resultBaseUrl: 'https://example.com',
    upload: 'creator',
    requestChunks: 1,
    ...(live ? { live } : {}),
    ...(unstored ? { unstored } : {}),
    admission: { decision, why: 'the configuration' },
    upstream: 'first',
    upstreamModel: 'm',
    nowMs: noonMs,
    deadlineMs,
    resultTtlMs: 86_400_000,
  });

export const firstWorld = (configuration: Configuration): World => {
  const job = firstJob(configuration);
  const { workers, sweeps, others, clockOffMs = 0, left } = configuration;
  const inline: Attempt = {
    kind: 'attempt',
    name: 'inline',
    at: 'keep',
    via: 'inline',
    clockOffMs: 0,
    job,
    owner: job.owner,
  };
  return {
    nowMs: noonMs,
    job,
    chunks: [],
    finals: [],
    generations: [],
    messages: job.status === 'queued' ? [noonMs] : [],
    late: [],
    actors: [
      ...(job.status === 'in_progress' ? [inline] : []),
      ...Array.from(
        { length: workers },
        (_, index): Attempt => ({
          kind: 'attempt',
          name: `worker ${index + 1}`,
          at: 'idle',
          via: 'worker',
          clockOffMs: index === 0 ? clockOffMs : 0,
        }),
      ),
      ...Array.from(
        { length: sweeps },
        (_, index): Outsider => ({
          kind: 'sweep',
          name: `sweep ${index + 1}`,
          at: 'idle',
          clockOffMs: -clockOffMs,
        }),
      ),
      ...others.map((kind): Outsider => ({ kind, name: kind, at: 'idle', clockOffMs: 0 })),
    ],
    left: {
      crashes: 0,
      doubts: 0,
      jumps: 0,
      duplicates: 0,
      losses: 0,
      upstreamFaults: 0,
      functionEnds: 0,
      claims: 6,
      ...left,
    },
    holders: [],
    expired: [],
    purgedTwice: false,
  };
};
