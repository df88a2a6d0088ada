import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { functionNames } from '../../scripts/build.ts';
import { median } from '../harness/quantiles.ts';
import type { Bench, Table, Target } from '../harness/result.ts';
import type { Bundle } from './bundles.ts';
import { bareBundle, type Compared, comparedFunctions } from './clients-alone.ts';
import { type Start, starter } from './measure.ts';

/** How much longer than its AWS clients alone a function's import may take. */
const bounds: Readonly<Record<string, number>> = {
  submit: 1.25,
  read: 1.25,
  control: 1.25,
  work: 1.4,
  authorize: 1.1,
};

const kb = (bytes: number): number => Math.round(bytes / 1000);
const tenth = (ms: number): number => Math.round(ms * 10) / 10;

type Starts = ReadonlyMap<string, readonly Start[]>;

const medianOf = (starts: Starts, { name }: Bundle, field: keyof Start): number =>
  median((starts.get(name) ?? []).map((start) => start[field]));

const timesTable = (starts: Starts, bare: Bundle, compared: readonly Compared[]): Table => ({
  title: 'Time to import, medians',
  columns: [
    'function',
    'import ms',
    'its clients ms',
    '÷ clients',
    'thread ms',
    '÷ clients (thread)',
    'plain clients ms',
    '÷ plain',
    'process ms',
  ],
  rows: [
    [
      bare.name,
      tenth(medianOf(starts, bare, 'importMs')),
      ...['', '', tenth(medianOf(starts, bare, 'threadMs')), '', '', ''],
      tenth(medianOf(starts, bare, 'processMs')),
    ],
    ...compared.map(({ own, clients, plain }) => {
      const of = (bundle: Bundle, field: keyof Start) => medianOf(starts, bundle, field);
      const ratio = (other: Bundle, field: keyof Start) =>
        Math.round((of(own, field) / of(other, field)) * 100) / 100;
      return [
        own.name,
        tenth(of(own, 'importMs')),
        tenth(of(clients, 'importMs')),
        ratio(clients, 'importMs'),
        tenth(of(own, 'threadMs')),
        ratio(clients, 'threadMs'),
        tenth(of(plain, 'importMs')),
        ratio(plain, 'importMs'),
        tenth(of(own, 'processMs')),
      ];
    }),
  ],
});

const bytesTable = (compared: readonly Compared[]): Table => ({
  title: 'Bytes of a bundle, kB',
  columns: ['function', 'at import', 'files', 'its clients', '+ upstream', '+ secret', 'all'],
  rows: compared.map(({ own, clients }) => [
    own.name,
    kb(own.importBytes),
    own.importFiles,
    kb(clients.importBytes),
    kb(own.upstreamBytes),
    kb(own.secretBytes),
    kb(own.allBytes),
  ]),
});

/**
 * `--runs N`: processes a bundle. How long each function takes to import, beside a handler that does
 * nothing and beside its AWS clients alone, every one of them once in each round.
 */
export const bench: Bench = async ({ smoke, flags, say }) => {
  const { values } = parseArgs({ args: [...flags], options: { runs: { type: 'string' } } });
  const runs = Number(values.runs ?? (smoke ? 1 : 25));
  const folder = await mkdtemp(path.join(tmpdir(), 'outlast-cold-start-'));
  try {
    const bare = await bareBundle(folder);
    const compared = await comparedFunctions(smoke ? ['authorize'] : await functionNames(), folder);
    const bundles = [bare, ...compared.flatMap(({ own, clients, plain }) => [own, clients, plain])];
    const start = await starter(folder);
    const starts = new Map<string, Start[]>(bundles.map(({ name }) => [name, []]));
    for (let run = 1; run <= runs; run += 1) {
      say(`round ${run} of ${runs}`);
      for (const { name, url } of bundles) starts.get(name)?.push(start(url));
    }
    const targets = compared.flatMap(({ own, clients }): Target[] => {
      const bound = bounds[own.name];
      if (bound === undefined) return [];
      const measured = medianOf(starts, own, 'threadMs') / medianOf(starts, clients, 'threadMs');
      return [
        { what: `${own.name}, import ÷ AWS clients alone, thread`, measured, is: 'at most', bound },
      ];
    });
    return {
      tables: [timesTable(starts, bare, compared), bytesTable(compared)],
      targets,
      notes: [
        `${runs} processes of Node for each bundle, one after the other in rounds.`,
        'Its clients: the AWS clients that the function loads at import with the commands it sends, made with its options and bundled with the same options of esbuild. Plain: the same without our plugin that takes builtin modules without loading what they only promise.',
        "Thread: what the main thread used of a processor. The targets are held against it, since a busy machine disturbs it less; on an idle one both agree. Process: from start to end of Node, whose own start is the bare handler's.",
        'Upstream and secret: what the first call of a model and the first read of a secret load in addition. The rest of all is credential providers that Lambda needs none of.',
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};
