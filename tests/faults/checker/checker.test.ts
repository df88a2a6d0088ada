import { expect, it, test } from 'vitest';
import type { ClientLine, FaultLine } from '../journal.ts';
import type { PlannedRequest } from '../request-plan.ts';
import { check } from './check.ts';
import type { Evidence, Generated, StoredJob } from './evidence.ts';

const planned: PlannedRequest = {
  name: 'r1-0',
  atMs: 0,
  api: 'generate',
  mode: 'async',
  model: 'demo?tokens=20',
  keyed: false,
  twin: false,
  readers: 1,
};
const job: StoredJob = {
  pk: 'gen_1',
  sk: 'job',
  status: 'completed',
  attempt: 1,
  metadata: { request: 'r1-0' },
  ledger: [{ attempt: 1, outcome: 'completed' }],
  final: { attempt: 1, chunks: 1 },
};
const generation: Generated = {
  id: 'chatcmpl-1',
  protocol: 'chat',
  background: false,
  model: 'demo?tokens=20',
  prompt: 'r1-0: tell of it.',
  startedAtMs: 50_000,
  endedAtMs: 60_000,
  text: 'One text.',
  outcome: 'finished',
  open: false,
};
const second = { ...generation, id: 'chatcmpl-2', startedAtMs: 170_000, text: 'Another text.' };
const submitted: ClientLine = {
  what: 'submit',
  name: 'r1-0',
  startedAtMs: 40_000,
  endedAtMs: 40_100,
  httpStatus: 202,
  jobId: 'gen_1',
  status: 'queued',
};
const read: ClientLine = {
  ...submitted,
  what: 'read',
  startedAtMs: 200_000,
  endedAtMs: 200_100,
  httpStatus: 200,
  status: 'completed',
  text: 'One text.',
};
const noMessages = { visible: 0, inFlight: 0, delayed: 0 };

type Found = Partial<Omit<Evidence, 'jobs' | 'jobsLater' | 'finalText' | 'plan'>> & {
  readonly stored?: readonly StoredJob[];
  readonly storedLater?: readonly StoredJob[];
  readonly finalText?: string;
};

const byId = (jobs: readonly StoredJob[]) => new Map(jobs.map((one) => [one.pk, one]));

const evidence = ({
  stored = [job],
  storedLater = stored,
  finalText,
  ...found
}: Found): Evidence => ({
  plan: {
    seed: 1,
    requests: [planned],
    blows: [],
    restarts: [],
    firstTimeoutSeconds: 20,
    injectMs: 1,
    queueFaultsUntilMs: 1,
  },
  clients: [submitted, read],
  faults: [],
  touches: [],
  generations: [generation],
  jobs: byId(stored),
  jobsLater: byId(storedLater),
  finalText: () => finalText ?? 'One text.',
  end: { jobsQueue: noMessages, deadLetters: noMessages, timeouts: 0, phases: [] },
  ...found,
});

const rulesBroken = (found: Found): string[] => [
  ...new Set(check(evidence(found)).violations.map(({ rule }) => rule)),
];

test('a run that came out even breaks no rule', () => {
  expect(rulesBroken({})).toEqual([]);
});

const { final: _, ...running } = { ...job, status: 'in_progress', ledger: [{ attempt: 1 }] };
const failed = { ...job, status: 'failed', error: { code: 'worker_lost' } };
const end = { jobsQueue: noMessages, deadLetters: noMessages, timeouts: 0, phases: [] };
const depth = { visible: 0, inFlight: 1, delayed: 0 };

test.each<[string, Found, string]>([
  ['a job that is not there', { stored: [] }, 'accepted and lost'],
  [
    'a reader that is told of no such job',
    { clients: [submitted, { ...read, httpStatus: 404 }] },
    'accepted and lost',
  ],
  ['a job that has not ended', { stored: [running] }, 'every job ends'],
  ['two jobs of one request', { stored: [job, { ...job, pk: 'gen_2' }] }, 'one request, one job'],
  [
    'another end than was told before',
    {
      clients: [
        submitted,
        read,
        { ...read, startedAtMs: 300_000, endedAtMs: 300_100, status: 'failed' },
      ],
    },
    'an end is final',
  ],
  ['another end than is stored', { stored: [failed] }, 'an end is final'],
  ['a text that no generation made', { finalText: 'One tex' }, 'a text is one generation’s'],
  [
    'a stream with the beginning of one generation and the end of another',
    {
      generations: [generation, second],
      clients: [submitted, { ...read, text: 'One other text.' }],
    },
    'a text is one generation’s',
  ],
  [
    'a second generation for no reason',
    { generations: [generation, second] },
    'nothing is paid twice without a fault',
  ],
  [
    'a job that fails of nothing',
    { stored: [failed], clients: [submitted] },
    'nothing fails without a fault',
  ],
  ['a stop that is owed', { stored: [{ ...job, stopOwed: true, dueAtMs: 1 }] }, 'nothing is left'],
  ['a due time', { stored: [{ ...job, dueAtMs: 1 }] }, 'nothing is left'],
  [
    'an attempt without an outcome',
    { stored: [{ ...job, ledger: [{ attempt: 1 }] }] },
    'nothing is left',
  ],
  [
    'a generation that goes on',
    { generations: [{ ...generation, open: true }] },
    'nothing is left',
  ],
  ['a message', { end: { ...end, jobsQueue: depth } }, 'nothing is left'],
  ['a dead letter', { end: { ...end, deadLetters: depth } }, 'nothing is left'],
  [
    'a job that changes when its message comes late',
    { storedLater: [{ ...job, attempt: 2 }] },
    'nothing is left',
  ],
])('%s is found', (_what, found, rule) => {
  expect(rulesBroken(found)).toContain(rule);
});

const killed: FaultLine = { kind: 'sandbox killed', atMs: 55_000, pid: 7 };
const touch = { kind: 'touch', pid: 7, jobId: 'gen_1', firstMs: 49_000, lastMs: 54_000 } as const;
const twice = { generations: [generation, second], finalText: 'Another text.' };

it('lets a fault explain one generation of a job that it met, and no more', () => {
  const found = { ...twice, clients: [submitted], faults: [killed], touches: [touch] };
  expect(rulesBroken(found)).toEqual([]);
  const third = { ...second, id: 'chatcmpl-3', startedAtMs: 290_000 };
  expect(rulesBroken({ ...found, generations: [generation, second, third] })).toEqual([
    'nothing is paid twice without a fault',
  ]);
});

it('lets no fault explain what it did not meet, or what came before it', () => {
  const found = { ...twice, clients: [submitted] };
  const rule = 'nothing is paid twice without a fault';
  expect(rulesBroken({ ...found, faults: [killed] })).toEqual([rule]);
  expect(
    rulesBroken({ ...found, faults: [{ ...killed, atMs: 171_000 }], touches: [touch] }),
  ).toEqual([rule]);
});
