import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { check } from './checker/check.ts';
import { readEvidence } from './checker/evidence.ts';
import { planOf } from './plan.ts';
import { report } from './report.ts';
import { carryOut } from './run.ts';
import { againWith, shortForm } from './size.ts';

/** The same plan each time, so that a change is what makes the difference; chance is for `npm run faults`. */
const seed = 5;
const drainMs = 360_000;

it(`300 jobs lose nothing and are paid for once, whatever happens to them (seed ${seed})`, {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'outlast-faults-'));
  const startedAtMs = Date.now();
  await carryOut({ plan: planOf(seed, shortForm), folder, drainMs, say: () => undefined });
  const verdict = check(await readEvidence(folder));
  const again = againWith(seed, shortForm);
  const told = report(verdict, { again, folder, tookMs: Date.now() - startedAtMs });
  console.log(told);
  expect(verdict.violations, told).toEqual([]);
  // And it was not for want of faults.
  expect(verdict.jobs).toBeGreaterThan(shortForm.jobs / 2);
  const met = Object.keys(verdict.faults).join('\n');
  for (const kind of ['sandbox killed', 'sandbox frozen', 'restart', 'table', 'message doubled']) {
    expect(met).toContain(kind);
  }
  await rm(folder, { recursive: true, force: true });
});
