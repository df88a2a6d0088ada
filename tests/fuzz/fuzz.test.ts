import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allRoutes, fuzzCase } from './cases.ts';
import { judge } from './judge.ts';
import { againWith, shortForm } from './size.ts';
import { type Subject, startSubject } from './subject.ts';

const cases = Number(process.env['FUZZ_CASES'] ?? shortForm);
/** The same cases each time, so that a change is what makes the difference; chance is for `npm run fuzz`. */
const seed = Number(process.env['FUZZ_SEED'] ?? 6);
const path = process.env['FUZZ_PATH'];
const caseMs = 1_000;
/** Memory is looked at so often in the course of it; caches and heaps grow in the first part. */
const parts = 5;
/** A sandbox may grow by this. The runtime's own process holds the emulators, which keep what they are given. */
const growthMb = 200;
const keptMbPerCase = 0.02;

let subject: Subject;
beforeAll(async () => {
  subject = await startSubject();
});
afterAll(() => subject.stop());

it(`${cases} hostile requests are answered, each with what it deserves (seed ${seed})`, {
  timeout: 240_000 + cases * caseMs,
}, async () => {
  const { output } = subject.api.service;
  const printed = output();
  const sent = new Map<string, number>();
  const answered = new Map<string, number>();
  const count = (counts: Map<string, number>, what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const megabytes: Readonly<Record<string, number>>[] = [];
  let runs = 0;
  const property = fc.asyncProperty(fuzzCase, async (one) => {
    if (runs % Math.ceil(cases / parts) === 0) megabytes.push(await subject.memoryMb());
    runs += 1;
    const { outcome, mayGoUnanswered } = await subject.send(one);
    count(sent, one.route);
    count(answered, outcome.kind === 'answered' ? String(outcome.reply.status) : outcome.kind);
    const wrong = judge(one, outcome, mayGoUnanswered);
    if (wrong.length > 0) throw new Error(`${wrong.join('; ')}: ${JSON.stringify(outcome)}`);
  });
  const result = await fc.check(property, {
    seed,
    numRuns: cases,
    endOnFailure: path !== undefined,
    ...(path === undefined ? {} : { path }),
  });
  if (result.failed) {
    const again = againWith(seed, cases, result.counterexamplePath ?? undefined);
    const found = String(result.errorInstance).slice(0, 3_000);
    throw new Error(`${fc.defaultReportMessage(result)}\n\n${found}\n\nAgain: ${again}`);
  }
  console.info(`Answered: ${JSON.stringify(Object.fromEntries([...answered].sort()))}`);
  if (path !== undefined) return;

  // It was not for want of requests that could be granted, nor of routes.
  if (cases >= shortForm) expect([...sent.keys()].sort()).toEqual([...allRoutes].sort());
  expect((answered.get('200') ?? 0) + (answered.get('202') ?? 0)).toBeGreaterThan(cases / 20);

  await subject.quiet();
  megabytes.push(await subject.memoryMb());
  console.info(`Megabytes:\n${megabytes.map((at) => JSON.stringify(at)).join('\n')}`);
  const [, usual = {}] = megabytes;
  for (const [name, last] of Object.entries(megabytes.at(-1) ?? {})) {
    const keptMb = name === 'runtime' ? cases * keptMbPerCase : 0;
    expect(last, name).toBeLessThan((usual[name] ?? 0) + growthMb + keptMb);
  }
  // No fault of the runtime's own, and nobody's prototype has changed.
  expect(output()).toBe(printed);
  const { status, body } = await subject.api.ask('POST', '/v1/responses', {
    model: 'demo?tokens=5',
    input: 'And still?',
  });
  expect({ status, body }).toMatchObject({ status: 200, body: { status: 'completed' } });
});
