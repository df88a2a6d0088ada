import { parseArgs } from 'node:util';
import { createSlots } from '../../local/events/slots.ts';
import { freezePackage } from '../cost/package.ts';
import type { Bench } from '../harness/result.ts';
import { runWaste, type Waste, type WasteOptions } from './run-waste.ts';

type Case = Pick<WasteOptions, 'protocol' | 'models'>;
type Run = Case & { readonly waste: Waste };

const cases: readonly Case[] = [
  { protocol: 'chat', models: 'each' },
  { protocol: 'chat', models: 'one' },
  { protocol: 'responses', models: 'each' },
  { protocol: 'responses', models: 'one' },
];

const upstreams = { chat: 'chat, not adoptable', responses: 'responses, background' } as const;
const modelsOf = { each: 'one for each length', one: 'one for all lengths' } as const;

const ratio = ({ generatedTokens, deliveredTokens }: Waste): number =>
  generatedTokens / deliveredTokens;

const rowOf = ({ protocol, models, waste }: Run) => [
  upstreams[protocol],
  modelsOf[models],
  waste.atOnce,
  waste.calls,
  waste.generatedTokens,
  waste.deliveredTokens,
  ratio(waste),
];

const size = { generations: 100, speed: 5, everyMs: 500 };
const small = { generations: 10, speed: 100, everyMs: 50 };

/** Cases that share this machine: each has up to some twenty sandboxes. */
const atOnce = 2;

/**
 * Upstream tokens generated ÷ delivered, on each kind of upstream. Flag: `--package DIR`, a package
 * made before, such as another version's.
 */
export const bench: Bench = async ({ smoke, flags, say }) => {
  const { values } = parseArgs({ args: [...flags], options: { package: { type: 'string' } } });
  const frozen = await freezePackage(values.package);
  const { generations, speed, everyMs } = smoke ? small : size;
  const toRun = smoke ? cases.slice(0, 1) : cases;
  const places = createSlots(atOnce);
  const runs = await Promise.all(
    toRun.map(async (one): Promise<Run> => {
      await places.acquire();
      const waste = await runWaste({ ...one, packageDir: frozen.dir, generations, speed, everyMs });
      places.release();
      say(`${upstreams[one.protocol]}, ${modelsOf[one.models]}: ${ratio(waste)}`);
      return { ...one, waste };
    }),
  ).finally(frozen.remove);
  return {
    tables: [
      {
        title: `${generations} generations of the mix through /generate, from a service that knows nothing yet`,
        columns: [
          ...['upstream', 'models', 'answered in the call', 'upstream calls'],
          ...['tokens generated', 'tokens delivered', 'generated ÷ delivered'],
        ],
        rows: runs.map(rowOf),
      },
    ],
    targets: runs.map(({ protocol, models, waste }) => ({
      what: `tokens generated ÷ delivered, ${upstreams[protocol]}, ${modelsOf[models]}`,
      measured: ratio(waste),
      is: 'at most',
      bound: 1.01,
    })),
    notes: [
      `Time runs ${speed} times as fast at the upstream, and the default wait of 25 s ends as much sooner; tokens are as many.`,
      'The upstream’s own log is what counts as generated, to the end of all that it had begun; delivered is the whole text of each generation that its client has.',
      'Nothing fails in it: no crash, no cut stream, no cancel.',
    ],
  };
};
