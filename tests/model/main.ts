import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

/*
 * `npm run model -- [--depth N] [--seed N]`: the model check, N times as deep as in the tests; from
 * 100 on the protocol's model is explored to its end.
 */

const { values } = parseArgs({
  options: {
    depth: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});

const count = (name: string, given: string): string => {
  if (/^[1-9]\d{0,5}$/.test(given)) return given;
  process.stderr.write(`--${name} takes a whole number from 1 on.\n`);
  process.exit(2);
};

const vitest = spawn('vitest', ['run', '--project', 'model', '--reporter', 'verbose'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    MODEL_DEPTH: count('depth', values.depth),
    MODEL_SEED: count('seed', values.seed),
  },
});
vitest.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
