import { parseArgs } from 'node:util';
import type { Bench, BenchResult, Target } from '../harness/result.ts';
import { measure } from './rounds.ts';
import {
  eventTable,
  failureNotes,
  firstEventTable,
  ownTable,
  splitTable,
  wholeTable,
} from './tables.ts';
import { startWays, type Way, type Ways } from './ways.ts';

type Scale = {
  readonly rounds: number;
  /** Requests of a way in a round, for each number of requests at once. */
  readonly plain: readonly (readonly [concurrency: number, requests: number])[];
  readonly streamed: number;
  readonly long: number;
};

const whole: Scale = {
  rounds: 6,
  plain: [
    [1, 30],
    [16, 64],
    [64, 128],
  ],
  streamed: 30,
  long: 5,
};
const smoke: Scale = {
  rounds: 1,
  plain: [
    [1, 3],
    [2, 4],
  ],
  streamed: 3,
  long: 1,
};

const isWay = (way: Way | undefined): way is Way => way !== undefined;

const notes = (firstMs: number, ways: Ways): readonly string[] => [
  `The model is local/demo-model in a process of its own: first token after ${firstMs} ms, 20 tokens, then all at once. Every way is asked by the same client (node:http, connections kept) in turn, round after round; the first round warms and is not counted. Added: a point of the way's distribution less the same point of the direct calls'.`,
  'npm start is the whole service: gateway, authorizer (cached), Lambda runtime API, the table emulator. A sandbox takes one request at a time, as on Lambda, and there are at most 50: with more at once requests wait for one, and so many processes share the cores of this machine. The emulator and its processes are no measure of AWS.',
  'Own code: functions/submit.ts behind a bare HTTP server in one process, with DynamoDB’s client replaced by a table in memory, so that neither the store nor the AWS SDK is in it; the openai SDK is. On Lambda a process never has two requests at once: 16 and 64 in one process show what its CPU time comes to.',
  ways.portkey === undefined
    ? 'Portkey was left out: its packages are not installed. Without --smoke the bench installs them.'
    : "Portkey is @portkey-ai/gateway 1.15.2 as bench/portkey locks it, on the same Node; it authenticates nobody, keeps nothing, and waits 25 ms before a stream's first event (a timer in its build/start-server.js, read 2026-11).",
];

/** `-- --first-ms=N --rounds=N` */
export const bench: Bench = async ({ smoke: isSmoke, flags, say }): Promise<BenchResult> => {
  const { values } = parseArgs({
    args: [...flags],
    options: { 'first-ms': { type: 'string' }, rounds: { type: 'string' } },
  });
  const firstMs = Number(values['first-ms'] ?? 20);
  const scale = isSmoke ? smoke : whole;
  const rounds = Number(values.rounds ?? scale.rounds);
  const short = `demo?first_ms=${firstMs}&tokens=20&rate=100000`;
  const long = `demo?first_ms=${firstMs}&tokens=1000&rate=100000`;

  say('starting the servers');
  const ways = await startWays({ mayInstall: !isSmoke });
  try {
    const compared = [ways.direct, ways.portkey, ways.outlast, ways.own].filter(isWay);
    const plain = [];
    for (const [concurrency, requests] of scale.plain) {
      say(`plain answers, ${concurrency} at once`);
      const all = concurrency === 1 ? [...compared, ways.generate, ways.hop] : compared;
      const plan = { ways: all, model: short, stream: false, concurrency, requests, rounds };
      plain.push({ concurrency, found: await measure(plan) });
    }
    say('streams');
    const streaming = { ways: compared, stream: true, concurrency: 1, rounds };
    const streamed = await measure({ ...streaming, model: short, requests: scale.streamed });
    const longOnes = await measure({ ...streaming, model: long, requests: scale.long });

    const own = ownTable(ways, plain);
    const firstEvents = firstEventTable(ways, streamed);
    const [alone] = plain;
    const split = alone === undefined ? [] : [splitTable(ways, alone.found)];
    const jobWrites: Target = {
      what: "writes to the job's item of a short request",
      measured: split[0]?.jobWrites ?? Number.NaN,
      is: 'at most',
      bound: 2,
    };
    return {
      tables: [
        wholeTable(ways, plain),
        ...split.map(({ table }) => table),
        own.table,
        firstEvents.table,
        eventTable(ways, longOnes),
      ],
      targets: [...own.targets, ...firstEvents.targets, jobWrites],
      notes: [...notes(firstMs, ways), ...split.map(({ calls }) => calls), ...failureNotes(plain)],
    };
  } finally {
    await ways.close();
  }
};
