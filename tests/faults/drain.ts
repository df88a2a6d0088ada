import { setTimeout as sleep } from 'node:timers/promises';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import { depthOf, dueIds, isEmpty, scanTable, showHidden } from './service/inspect.ts';
import type { Stage } from './service/stage.ts';

const pollMs = 2_000;
/** Fewer than this are worth a look at each. */
const fewDue = 60;
const lastGenerationMs = 60_000;
const lateDeliveryMs = 60_000;

/** What the sweep still has to do, but for tombstones, which it purges once more much later. */
const leftToDo = async ({ subject }: Stage): Promise<readonly string[]> => {
  const due = await dueIds(subject.emulators());
  if (due.length === 0 || due.length > fewDue) return due;
  const items = await scanTable(subject.emulators());
  const buried = new Set(
    items.filter(({ deletedAtMs }) => deletedAtMs !== undefined).map(({ pk }) => String(pk)),
  );
  return due.filter((id) => !buried.has(id));
};

/** Waits until nothing is left to do and nothing is generated; true when that came to pass. */
export const drain = async (stage: Stage, withinMs: number): Promise<boolean> => {
  try {
    await waitFor(
      async () => {
        await sleep(pollMs);
        return leftToDo(stage);
      },
      (left) => left.length === 0,
      withinMs,
    );
    await waitFor(
      () => generationsFor(stage.model.baseUrl),
      (all) => all.every(({ open }) => !open),
      lastGenerationMs,
    );
    return true;
  } catch {
    // The checker says what was left.
    return false;
  }
};

/** Delivers what a dead worker left hidden in the queue, and waits until the queue is empty. */
export const deliverLate = async ({ subject, mischief }: Stage): Promise<void> => {
  const emulators = subject.emulators();
  await showHidden(emulators, mischief.receipts.values());
  await waitFor(() => depthOf(emulators, emulators.jobsQueueUrl), isEmpty, lateDeliveryMs).catch(
    () => undefined,
  );
};
