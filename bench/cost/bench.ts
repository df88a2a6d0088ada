import { parseArgs } from 'node:util';
import type { Bench, Table } from '../harness/result.ts';
import { idlePart } from './idle.ts';
import { mixPart } from './mix-part.ts';
import { freezePackage } from './package.ts';
import { type Part, smoke, whole } from './part.ts';
import { prices } from './prices.ts';
import { workerPart } from './worker-part.ts';
import { writesPart } from './write-units.ts';

const pricesTable = (): Table => ({
  title: 'Prices, us-east-1',
  columns: ['of', 'USD', 'for', 'source'],
  rows: Object.values(prices).map(({ of, usd, per, source }) => [
    ...[of, String(usd), per === 1 ? '1' : per.toExponential(0).replace('+', ''), source],
  ]),
});

const parts = { mix: mixPart, worker: workerPart, writes: writesPart, idle: idlePart } as const;

const isPart = (name: string): name is keyof typeof parts => Object.hasOwn(parts, name);

const partsOf = (names: readonly string[], isSmoke: boolean): readonly (keyof typeof parts)[] => {
  if (names.length === 0) {
    return isSmoke ? ['mix', 'worker', 'writes'] : ['mix', 'worker', 'writes', 'idle'];
  }
  const unknown = names.find((name) => !isPart(name));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}.`);
  return names.filter(isPart);
};

const options = {
  generations: { type: 'string' },
  package: { type: 'string' },
  part: { type: 'string', multiple: true },
} as const;

/**
 * Flags: `--part NAME`, to run only that of mix, worker, writes and idle (may be repeated);
 * `--generations N`, how many of the mix are run (100); `--package DIR`, a package made before, such as
 * another version's. One part runs after the other, each with stands of its own.
 */
export const bench: Bench = async ({ smoke: isSmoke, flags, say }) => {
  const { values } = parseArgs({ args: [...flags], options });
  const names = partsOf(values.part ?? [], isSmoke);
  const shape = isSmoke ? smoke : whole;
  const generations = Number(values.generations ?? shape.generations);
  const frozen = await freezePackage(values.package);
  const size = { ...shape, generations, packageDir: frozen.dir };
  if (!isSmoke) say('in real time: the longest generations take five minutes');
  const told: Part[] = [];
  try {
    for (const name of names) {
      told.push(await parts[name](size));
      say(`${name} is done`);
    }
  } finally {
    await frozen.remove();
  }
  return {
    tables: [...told.flatMap(({ tables }) => tables), pricesTable()],
    targets: told.flatMap(({ targets }) => targets),
    notes: [
      'Billed time is that of the REPORT lines of the local Lambda, cold starts included, at the deployed memory sizes; this machine is not a Graviton. A time of one generation is never scaled.',
      'Request units of the table are the emulator’s own count, and what each write did to the indexes, which it does not count; failed conditions too. SQS: every request with messages; polls that bring nothing are in the idle month.',
      'A generation of 3 s is answered in its own call. For a longer one the client prefers not to wait and fetches the result once; a client that holds a call open instead is billed 0.5 GB for as long, and its callback is not in this.',
      'Backlog: all longer jobs wait in the queue before the first worker begins, so batches are full, and mixed ones last as long as their longest. As deployed: the worker takes them as they come.',
      'The optimum of a batch of b jobs of equal length is length ÷ b × memory a job: side by side they last as long as one.',
      'The demo model’s text compresses better than prose, which is what the write units of the long generation are measured with.',
      'Not in it: storage, backups, data transfer, free tiers; the schedule of the sweep costs nothing.',
    ],
  };
};
