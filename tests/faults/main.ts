import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './checker/check.ts';
import { readEvidence } from './checker/evidence.ts';
import { planOf } from './plan.ts';
import { report } from './report.ts';
import { carryOut } from './run.ts';
import { againWith, minutesFor, shortForm } from './size.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: String(shortForm.jobs) },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    check: { type: 'string' },
  },
});
const number = (text: string, name: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not '${text}'`);
  return value;
};
const jobs = number(values.jobs, 'jobs');
const minutes = number(values.minutes ?? String(minutesFor(jobs)), 'minutes');
const seed = number(values.seed ?? String(Math.floor(Math.random() * 1_000_000) + 1), 'seed');
/** A job whose messages were lost twice is sent for again eight minutes later. */
const drainMs = 15 * 60_000;
const startedAtMs = Date.now();
let folder = values.check;
if (folder === undefined) {
  console.log(`seed ${seed}\n${againWith(seed, { jobs, minutes })}`);
  folder = await mkdtemp(path.join(tmpdir(), 'outlast-faults-'));
  const say = (line: string): void =>
    console.log(`${Math.round((Date.now() - startedAtMs) / 1000)} s: ${line}`);
  await carryOut({ plan: planOf(seed, { jobs, minutes }), folder, drainMs, say });
}
const evidence = await readEvidence(folder);
const { plan } = evidence;
const size = { jobs: plan.requests.length, minutes: plan.injectMs / 60_000 };
const verdict = check(evidence);
const again = againWith(plan.seed, size);
console.log(report(verdict, { again, folder, tookMs: Date.now() - startedAtMs }));
if (verdict.violations.length > 0) process.exitCode = 1;
