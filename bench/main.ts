import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { benches } from './benches.ts';
import { machine } from './harness/machine.ts';
import { resultLines } from './harness/print.ts';

/*
 * `npm run bench -- [name …] [--smoke] [--out DIR] [-- flags of the bench]`
 *
 * Prints each bench's tables and writes them as JSON. Exits with 1 when a bench throws; a target that
 * is missed is printed, and no failure: these are measurements.
 */

const { values, positionals, tokens } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/results' },
  },
  allowPositionals: true,
  tokens: true,
});
const end =
  tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? Number.POSITIVE_INFINITY;
const args = process.argv.slice(2);
const flags = args.slice(end + 1);
const named = positionals.slice(0, positionals.length - flags.length);
const unknown = named.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}. There are ${Object.keys(benches).join(', ')}; without a name all of them run.`,
  );
  process.exit(2);
}

for (const name of named.length > 0 ? named : Object.keys(benches)) {
  const load = benches[name];
  if (load === undefined) continue;
  const ranOn = machine();
  const bench = await load();
  const say = (line: string): void => console.error(`${name}: ${line}`);
  const result = await bench({ smoke: values.smoke, flags, say });
  console.log(resultLines(name, ranOn, result).join('\n'));
  await mkdir(values.out, { recursive: true });
  const written = {
    bench: name,
    smoke: values.smoke,
    at: new Date().toISOString(),
    ranOn,
    ...result,
  };
  await writeFile(path.join(values.out, `${name}.json`), `${JSON.stringify(written, null, 2)}\n`);
}
