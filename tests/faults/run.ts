import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { runClient } from './clients/client.ts';
import { honoursKeys } from './clients/honours-keys.ts';
import { deliverLate, drain } from './drain.ts';
import { type ClientLine, type FaultLine, openJournal, type TouchLine } from './journal.ts';
import type { Plan } from './plan.ts';
import { randomOf } from './prng.ts';
import { blower } from './service/blows.ts';
import { depthOf, type StoredItem, scanTable } from './service/inspect.ts';
import { type Stage, setStage } from './service/stage.ts';

export type RunOptions = {
  readonly plan: Plan;
  /** Where everything is written that the run leaves behind. */
  readonly folder: string;
  /** How long the last job may take to end after the last fault. */
  readonly drainMs: number;
  readonly say: (line: string) => void;
};

/** What clients that still read may take to notice that the run is over. */
const lastReadsMs = 15_000;

const toJson = (items: readonly StoredItem[]): string =>
  JSON.stringify(items, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );

/** How often a function ran out of its time, as Lambda's own log lines say. */
const countTimeouts = async (logDir: string): Promise<number> => {
  const logs = await readdir(logDir);
  const texts = await Promise.all(logs.map((name) => readFile(path.join(logDir, name), 'utf8')));
  return texts.join('\n').split('Status: timeout').length - 1;
};

const writeEnd = async (
  { subject, model, touches }: Stage,
  file: (name: string) => string,
  phases: readonly { what: string; fromMs: number; untilMs: number }[],
): Promise<void> => {
  const emulators = subject.emulators();
  await writeFile(file('table-later.json'), toJson(await scanTable(emulators)));
  await writeFile(file('generations.json'), JSON.stringify(await generationsFor(model.baseUrl)));
  const end = {
    jobsQueue: await depthOf(emulators, emulators.jobsQueueUrl),
    deadLetters: await depthOf(emulators, emulators.deadLetterUrl),
    timeouts: await countTimeouts(file('data/logs')),
    phases,
  };
  await writeFile(file('end.json'), JSON.stringify(end));
  const seen = openJournal<TouchLine>(file('touches.jsonl'));
  for (const line of touches()) seen.note(line);
  await seen.close();
  await writeFile(file('output.txt'), subject.output());
};

/** Carries out a plan against the real `npm start`, and writes down all that can be known of it. */
export const carryOut = async ({ plan, folder, drainMs, say }: RunOptions): Promise<void> => {
  await using resources = new AsyncDisposableStack();
  const file = (name: string): string => path.join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(file('plan.json'), JSON.stringify(plan));
  const clients = openJournal<ClientLine>(file('clients.jsonl'));
  const faults = openJournal<FaultLine>(file('faults.jsonl'));
  const stage = await setStage(plan, file, faults.note, resources);
  const { subject } = stage;
  const blows = blower(faults.note);
  resources.defer(() => blows.endFrozen());
  const keys = await honoursKeys(subject.url);
  say(`the service is ready; it ${keys ? 'honours' : 'does not know'} idempotency keys`);

  stage.begin();
  const beganAtMs = Date.now();
  const until = (ms: number): Promise<unknown> => sleep(Math.max(0, ms - stage.sinceMs()));
  const over = new AbortController();
  let shortUntilMs: number | undefined;
  const restarting = (async () => {
    for (const restart of plan.restarts) {
      await until(restart.atMs);
      const restartedAtMs = Date.now();
      stage.mischief.forget();
      await subject.restart(restart);
      shortUntilMs ??= restartedAtMs;
      faults.note({ kind: `restart by ${restart.how}`, atMs: restartedAtMs, untilMs: Date.now() });
      say(`restarted by ${restart.how} within ${Date.now() - restartedAtMs} ms`);
    }
  })();
  const striking = plan.blows.map(async (blow) => {
    await until(blow.atMs);
    await blows.strike(subject.url, blow);
  });
  const asking = Promise.all(
    plan.requests.map(async (planned) => {
      await until(planned.atMs);
      const random = randomOf(plan.seed, planned.name);
      const deps = { url: subject.url, journal: clients, random, keys, over: over.signal };
      await runClient(deps, planned);
    }),
  );
  await Promise.all([restarting, ...striking, until(plan.injectMs)]);
  const seconds = (): number => Math.round(stage.sinceMs() / 1000);
  say(`no more faults after ${seconds()} s; waiting for every job to end`);
  const drained = await drain(stage, drainMs);
  say(`${drained ? 'every job has ended' : 'not every job has ended'} after ${seconds()} s`);
  await Promise.race([asking, sleep(lastReadsMs)]);
  over.abort();
  await asking;
  await writeFile(file('table.json'), toJson(await scanTable(subject.emulators())));
  await deliverLate(stage);
  const what = 'a function’s end';
  const phase = { what, fromMs: beganAtMs, untilMs: shortUntilMs ?? Date.now() };
  await writeEnd(stage, file, [phase]);
  await Promise.all([clients.close(), faults.close()]);
};
