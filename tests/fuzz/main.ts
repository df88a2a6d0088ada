import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { againWith } from './size.ts';

/*
 * `npm run fuzz -- [--cases N] [--seed N] [--path P]`: hostile requests to the whole service. With a
 * path that a failure has printed, only the case that failed.
 */

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000) + 1) },
    path: { type: 'string' },
  },
});

const count = (name: string, given: string): string => {
  if (/^[1-9]\d{0,8}$/.test(given)) return given;
  process.stderr.write(`--${name} takes a whole number from 1 on.\n`);
  process.exit(2);
};

const cases = count('cases', values.cases);
const seed = count('seed', values.seed);
console.log(`seed ${seed}\n${againWith(Number(seed), Number(cases), values.path)}`);
const vitest = spawn('vitest', ['run', '--project', 'fuzz', '--reporter', 'verbose'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    FUZZ_CASES: cases,
    FUZZ_SEED: seed,
    ...(values.path === undefined ? {} : { FUZZ_PATH: values.path }),
  },
});
vitest.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
