import type { Cell, Table } from '../harness/result.ts';
import { drawMix, tokensOf } from './mix.ts';
import { type Part, parking, type Size, shippedBatch, unparked } from './part.ts';
import { costUsd, prices } from './prices.ts';
import { type MixOptions, runMix } from './run-mix.ts';
import type { StandOptions } from './stand.ts';
import { type Amounts, amountsOf, costsOf, totalUsd, type Use, useBy } from './use.ts';

/** A way to run the mix, and what it used for so many generations. */
type Variant = { readonly name: string; readonly use: Use; readonly generations: number };

const per = 1000;
const functions = ['authorize', 'submit', 'work', 'read'] as const;

const amountNames = [
  ...(['gbSeconds', 'invocations', 'queueRequests', 'fairRequests'] as const),
  ...(['writeUnits', 'readUnits', 'apiRequests', 'logBytes'] as const),
];

const round = (value: number): number => Number(value.toFixed(1));
const usd = (value: number): string => value.toFixed(4);

const perThousand = ({ use, generations }: Variant): Amounts => amountsOf(use, per / generations);

const amountsTable = (variants: readonly Variant[]): Table => ({
  title: `Billed for ${per} generations of the mix`,
  columns: ['amount of', ...variants.map(({ name }) => name)],
  rows: [
    ...functions.map((name): Cell[] => [
      `GB-seconds of ${name}`,
      ...variants.map((variant) =>
        round(perThousand({ ...variant, use: useBy(variant.use, name) }).gbSeconds),
      ),
    ]),
    ...amountNames.map((amount): Cell[] => [
      prices[amount].of,
      ...variants.map((variant) => round(perThousand(variant)[amount])),
    ]),
    [
      'requests repeated after a 503 (not 0: the machine was too busy to measure)',
      ...variants.map(({ use, generations }) => round((use.repeats * per) / generations)),
    ],
  ],
});

const promptTokens = 500;

const tokensUsd = (): number => {
  const output = drawMix(per).reduce((sum, kind) => sum + tokensOf(kind), 0);
  return costUsd('outputTokens', output) + costUsd('inputTokens', per * promptTokens);
};

const costsTable = (variants: readonly Variant[]): Table => {
  const costs = variants.map((variant) => costsOf(perThousand(variant)));
  const totals = variants.map((variant) => totalUsd(perThousand(variant)));
  const tokens = tokensUsd();
  return {
    title: `USD for ${per} generations of the mix`,
    columns: ['USD for', ...variants.map(({ name }) => name)],
    rows: [
      ...amountNames.map((amount): Cell[] => [
        prices[amount].of,
        ...costs.map((cost) => usd(cost[amount])),
      ]),
      ['all of the service', ...totals.map(usd)],
      [`tokens: ${promptTokens} of each prompt, and the output`, ...totals.map(() => usd(tokens))],
      ['service ÷ tokens', ...totals.map((total) => `${((total / tokens) * 100).toFixed(1)} %`)],
    ],
  };
};

type Setting = Pick<MixOptions, 'burst'> & {
  readonly name: string;
  readonly stand: Omit<StandOptions, 'packageDir'>;
};

const shipped: Setting = {
  name: 'as deployed (batch of 10, parking)',
  stand: { variables: parking },
  burst: false,
};
const settings: readonly Setting[] = [
  {
    name: 'one record an invocation',
    stand: { batchSize: 1, workers: 50, variables: unparked },
    burst: false,
  },
  {
    name: 'batch of 10, backlog',
    stand: { batchSize: shippedBatch, variables: unparked },
    burst: true,
  },
  shipped,
];

/** What a thousand generations of the mix are billed, in three settings of the worker. */
export const mixPart = async (size: Size): Promise<Part> => {
  const { generations, speed, everyMs, packageDir } = size;
  const run = async ({ name, stand, burst }: Setting): Promise<Variant> => {
    const { use } = await runMix({
      stand: { ...stand, packageDir },
      generations,
      speed,
      everyMs,
      burst,
    });
    return { name, generations, use };
  };
  const variants = await Promise.all((size.isSmoke ? [shipped] : settings).map(run));
  return { tables: [amountsTable(variants), costsTable(variants)], targets: [] };
};
