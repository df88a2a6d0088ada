import { quantile } from '../harness/quantiles.ts';
import type { Cell, Table, Target } from '../harness/result.ts';
import { addedBy, eachEvent, first, type Points, pointsOf, total } from './added.ts';
import type { Measured, Sample } from './rounds.ts';
import type { Way, Ways } from './ways.ts';

type Found = ReadonlyMap<Way, Measured>;
type Plain = readonly { readonly concurrency: number; readonly found: Found }[];

const nothing: Measured = {
  samples: [],
  cpuMs: Number.NaN,
  failures: 0,
  failure: undefined,
};
const of = (found: Found, way: Way | undefined): Measured =>
  (way === undefined ? undefined : found.get(way)) ?? nothing;

/** Where there is no /proc it is not known. */
const cpuOf = (found: Found, way: Way | undefined): Cell => {
  const { cpuMs } = of(found, way);
  return Number.isNaN(cpuMs) ? 'unknown' : cpuMs;
};

const pointColumns = ['p50 ms', 'p95 ms', 'p99 ms'];

type Row = readonly Cell[];

/** What the whole way adds, beside what a direct call takes. */
export const wholeTable = (ways: Ways, plain: Plain): Table => ({
  title: 'Added to a short answer, all included',
  columns: ['at once', 'way', ...pointColumns],
  rows: plain.flatMap(({ concurrency, found }): readonly Row[] => {
    const direct = of(found, ways.direct);
    const added = (way: Way | undefined): readonly Row[] =>
      way === undefined || !found.has(way)
        ? []
        : [[concurrency, `+ ${way.name}`, ...addedBy(of(found, way), direct, total)]];
    return [
      [concurrency, 'direct, whole', ...pointsOf(direct.samples.map(total))],
      ...[ways.portkey, ways.outlast, ways.generate].flatMap(added),
    ];
  }),
});

const median = (measured: Measured, figure: (sample: Sample) => number): number =>
  quantile(measured.samples.map(figure), 0.5);

/** Where the time of one request at a time goes, and which calls it makes. */
export const splitTable = (
  ways: Ways,
  found: Found,
): { readonly table: Table; readonly jobWrites: number; readonly calls: string } => {
  const direct = of(found, ways.direct);
  const whole = addedBy(of(found, ways.outlast), direct, total)[0];
  const hop = median(of(found, ways.hop), total);
  const own = addedBy(of(found, ways.own), direct, total)[0];
  const calls = of(found, ways.own).samples.at(-1)?.calls ?? '';
  const jobWrites = calls.split(', ').filter((call) => /^(Put|Update)Item job$/.test(call));
  const table = {
    title: 'Where it goes, one at a time, p50',
    columns: ['part', 'ms'],
    rows: [
      ['local runtime (gateway, authorizer, sandbox): GET /health there', hop],
      ['own code: one process, a table in memory', own],
      ['calls of the table, to the emulator, and the rest', whole - hop - own],
      ['all that npm start adds', whole],
    ],
  };
  return {
    table,
    jobWrites: jobWrites.length,
    calls: `Calls of a plain chat completion, in the order in which they begin: ${calls}. The upstream is called before anything is put; the puts of a table in memory are over before that request is on its way, those of a real one are waited for beside it.`,
  };
};

const targetsOf = (what: string, own: Points, portkey: Points, share: number): Target[] =>
  [
    { at: 0, name: 'p50' },
    { at: 2, name: 'p99' },
  ].map(({ at, name }) => ({
    what: `${what}, ${name}, ms`,
    measured: own[at] ?? Number.NaN,
    is: 'at most' as const,
    bound: (portkey[at] ?? Number.NaN) * share,
  }));

/** Own code beside all of Portkey. */
export const ownTable = (
  ways: Ways,
  plain: Plain,
): { readonly table: Table; readonly targets: readonly Target[] } => {
  const rows: Row[] = [];
  const targets: Target[] = [];
  for (const { concurrency, found } of plain) {
    const direct = of(found, ways.direct);
    const own = addedBy(of(found, ways.own), direct, total);
    rows.push([concurrency, 'Outlast, own code', ...own, cpuOf(found, ways.own)]);
    if (ways.portkey === undefined) continue;
    const portkey = addedBy(of(found, ways.portkey), direct, total);
    rows.push([concurrency, 'Portkey', ...portkey, cpuOf(found, ways.portkey)]);
    targets.push(...targetsOf(`own code adds, ${concurrency} at once`, own, portkey, 1));
  }
  const columns = ['at once', 'in one process', ...pointColumns, 'CPU ms a request'];
  return { table: { title: 'Own code, beside Portkey', columns, rows }, targets };
};

/** Time to the first byte of a stream, beyond a direct call's. */
export const firstEventTable = (
  ways: Ways,
  found: Found,
): { readonly table: Table; readonly targets: readonly Target[] } => {
  const direct = of(found, ways.direct);
  const whole = addedBy(of(found, ways.outlast), direct, first);
  const portkey = addedBy(of(found, ways.portkey), direct, first);
  const rows: Row[] = [
    ['direct, whole', ...pointsOf(direct.samples.map(first))],
    ...(ways.portkey === undefined ? [] : [['+ Portkey', ...portkey]]),
    ['+ Outlast, npm start, all included', ...whole],
    ['+ Outlast, own code', ...addedBy(of(found, ways.own), direct, first)],
  ];
  return {
    table: { title: 'To the first event of a stream', columns: ['way', ...pointColumns], rows },
    targets:
      ways.portkey === undefined
        ? []
        : targetsOf('npm start adds to the first event, half of Portkey', whole, portkey, 0.5),
  };
};

/** Requests that are in no table, since they were not answered as they should be. */
export const failureNotes = (plain: Plain): readonly string[] =>
  plain.flatMap(({ concurrency, found }) =>
    [...found].flatMap(([{ name }, { samples, failures, failure }]) =>
      failures === 0
        ? []
        : [
            `${name}, ${concurrency} at once: ${failures} of ${failures + samples.length} were not answered with 200 and are in no figure, the first with ${failure}.`,
          ],
    ),
  );

/** What each event of a long stream costs. */
export const eventTable = (ways: Ways, found: Found): Table => ({
  title: 'Each event of a stream of 1,000, µs',
  columns: ['way', 'p50 µs'],
  rows: [ways.direct, ways.portkey, ways.outlast, ways.own].flatMap((way): readonly Row[] =>
    way === undefined ? [] : [[way.name, median(of(found, way), eachEvent)]],
  ),
});
