import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import type { JobMessage } from '../../../lib/ports/queues.ts';
import { adoptableDeps } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { shownText, stored } from '../../fixtures/engine-jobs.ts';
import { mortal } from '../../fixtures/mortal.ts';
import {
  type ParkingDeps,
  parkedJob,
  parkingDeps,
  takeLast,
  waitingJob,
  workToEnd,
} from '../../fixtures/parking.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterAll(() => engine.close());

const controls = 'tokens=40&rate=100';

/** Whether it died behind that call, and which one that was; undefined when it needed fewer. */
const dieBehind = async (
  deps: ParkingDeps,
  message: JobMessage,
  calls: number,
): Promise<{ readonly at: string; readonly opened: boolean } | undefined> => {
  const dying = mortal(deps, calls);
  const parking = { ...dying.deps, parkAfterMs: deps.parkAfterMs };
  const worked = work(parking, message, unending()).then(() => undefined);
  const at = await Promise.race([dying.died, worked]);
  return at === undefined ? undefined : { at, opened: dying.opened() };
};

/** What comes after a crash: the time passes, the sweep comes by, and another worker goes on. */
const goOn = async (deps: ParkingDeps, clock: TestClock, id: string): Promise<void> => {
  clock.leap(4 * 60_000);
  await sweep(deps, unending());
  await workToEnd(deps, clock, id);
};

test('a worker that dies behind any of its calls while it parks a job leaves it to another', async () => {
  const deaths: string[] = [];
  for (let calls = 1; ; calls += 1) {
    const clock = testClock(20);
    const deps = parkingDeps(engine, clock);
    const prompt = newPrompt();
    const { id } = await waitingJob(deps, { prompt, controls });
    const death = await dieBehind(deps, hint(id), calls);
    if (death === undefined) break;
    deaths.push(death.at);
    const { upstreamId } = await stored(deps, id);
    await goOn(deps, clock, id);
    const generations = await engine.generations(prompt);
    const why = `died behind ${deaths.join(', ')}`;
    expect(await stored(deps, id), why).toMatchObject({ status: 'completed' });
    expect(await shownText(deps, id), why).toBe(generations.at(-1)?.text);
    // One whose id nobody wrote down cannot be found again.
    const isUnknown = death.opened && upstreamId === undefined;
    expect(generations, why).toHaveLength(isUnknown ? 2 : 1);
  }
  expect(deaths).toEqual(expect.arrayContaining(['load', 'write', 'open']));
});

test('a worker that dies behind any of its calls while it looks leaves the job parked', async () => {
  const deaths: string[] = [];
  for (let calls = 1; ; calls += 1) {
    const clock = testClock();
    const deps = parkingDeps(engine, clock);
    const prompt = newPrompt();
    const { id, attempt } = await parkedJob(deps, { prompt, controls: 'tokens=80&rate=40' });
    clock.leap(61_000);
    const death = await dieBehind(deps, takeLast(deps, id), calls);
    if (death === undefined) break;
    deaths.push(death.at);
    expect(await stored(deps, id)).toMatchObject({ status: 'queued', attempt });
    await goOn(deps, clock, id);
    const generations = await engine.generations(prompt);
    expect(generations, deaths.join(', ')).toMatchObject([{ outcome: 'finished' }]);
    expect(await shownText(deps, id)).toBe(generations[0]?.text);
  }
  expect(deaths).toEqual(['load', 'write', 'send']);
});
