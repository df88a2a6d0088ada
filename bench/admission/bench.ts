import { median } from '../harness/quantiles.ts';
import type { Bench, Cell, Target } from '../harness/result.ts';
import { type Model, models } from './models.ts';
import { realRun } from './real-run.ts';
import { type Counts, type Policy, policies, type Setting, simulate } from './simulate.ts';

const setting = { waitMs: 25_000, hopMs: 300, submitters: 10, workers: 5 };

type Row = { readonly model: Model; readonly policy: Policy; readonly counts: Counts };

/** The medians of several runs, each with chance of its own. */
const measure = async (
  model: Model,
  policy: Policy,
  of: Setting,
  seeds: number,
): Promise<Counts> => {
  const runs: Counts[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    runs.push(await simulate(model, policy, of, 1_000 * seed));
  }
  const middle = (field: keyof Counts): number => median(runs.map((run) => run[field]));
  return {
    promotions: middle('promotions'),
    needless202s: middle('needless202s'),
    needlessHops: middle('needlessHops'),
    waste: middle('waste'),
    reads: middle('reads'),
    writes: middle('writes'),
  };
};

const cellsOf = ({ model, policy, counts }: Row, requests: number): Cell[] => [
  model.name,
  policy,
  (100 * counts.promotions) / requests,
  (100 * counts.needless202s) / requests,
  (100 * counts.needlessHops) / requests,
  counts.waste,
  counts.reads / requests,
  counts.writes / requests,
];

const targetsOf = (rows: readonly Row[], requests: number): Target[] =>
  rows
    .filter(({ policy }) => policy === 'learned')
    .flatMap(({ model, counts }): Target[] => [
      {
        what: `promotions, ${model.name}, %`,
        measured: (100 * counts.promotions) / requests,
        is: 'at most',
        bound: 2,
      },
      {
        what: `needless 202s, ${model.name}, %`,
        measured: (100 * counts.needless202s) / requests,
        is: 'at most',
        bound: 1,
      },
    ]);

/** How well admission predicts, against one that knows each duration and against simpler rules. */
export const bench: Bench = async ({ smoke, say }) => {
  const [requests, seeds] = smoke ? [200, 1] : [5_000, 5];
  const rows: Row[] = [];
  for (const model of models) {
    say(model.name);
    for (const policy of policies) {
      const counts = await measure(model, policy, { ...setting, requests }, seeds);
      rows.push({ model, policy, counts });
    }
  }
  say('npm start');
  const real = await realRun(smoke ? 6 : 20);
  return {
    tables: [
      {
        title: `Admission of ${requests} requests a model, wait 25 s, on virtual time`,
        columns: [
          'model',
          'policy',
          'promoted %',
          'needless 202 %',
          'needless hop %',
          'generated ÷ delivered',
          'reads a request',
          'writes a request',
        ],
        rows: rows.map((row) => cellsOf(row, requests)),
      },
      {
        title: 'Two models that an empty `npm start` gets to know, wait 1.5 s',
        columns: [
          'generations of',
          'requests',
          'queued first',
          'inline',
          'promoted',
          'answered 202',
          'p50 ms queued, 200',
          'p50 ms inline, 200',
        ],
        rows: real.map((row) => [
          row.name,
          row.requests,
          row.queuedFirst,
          row.inline,
          row.promotions,
          row.answered202,
          row.queuedMs,
          row.inlineMs,
        ]),
      },
    ],
    targets: targetsOf(rows, requests),
    notes: [
      `The decision, the histogram and the sandboxes' caches are the service's own; time, the table and the upstream are simulated: ${setting.submitters} sandboxes that accept, ${setting.workers} that work, a hop over the queue of ${setting.hopMs} ms, an upstream without background mode (a promotion begins anew). Medians of ${seeds} runs.`,
      'Needless: of a generation that alone would have fitted the wait. The oracle knows each duration. "before" is the rule that this one replaced: inline unless the client says otherwise.',
      'Reads and writes are those of the durations alone, refused writes included.',
      'A median of 0 ms in the second table: no request of that kind was answered 200.',
    ],
  };
};
