import type { FaultLine, TouchLine } from '../journal.ts';
import type { Plan } from '../plan.ts';
import { callFaults } from './call-faults.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type ModelProcess, startModel } from './model-process.ts';
import { writePreload } from './preload.ts';
import { type QueueMischief, queueMischief } from './queue-mischief.ts';
import { type Subject, startSubject } from './subject.ts';
import { watchTouches } from './touches.ts';

/** The service with everything around it that may harm it. */
export type Stage = {
  readonly subject: Subject;
  readonly model: ModelProcess;
  readonly mischief: QueueMischief;
  /** From now on the plan's time counts. */
  begin(): void;
  /** Since the beginning; below 0 before it. */
  sinceMs(): number;
  touches(): TouchLine[];
};

/** What was lost comes again by then; a message that comes twice keeps nobody waiting. */
const doublingGoesOnMs = 110_000;

/** Starts the model, the proxies and the service between them; all is closed with `resources`. */
export const setStage = async (
  plan: Plan,
  file: (name: string) => string,
  note: (line: FaultLine) => void,
  resources: AsyncDisposableStack,
): Promise<Stage> => {
  let begunAtMs: number | undefined;
  const sinceMs = (): number => (begunAtMs === undefined ? -1 : Date.now() - begunAtMs);
  const within = (untilMs: number): boolean => sinceMs() >= 0 && sinceMs() < untilMs;
  const judge = callFaults({
    seed: plan.seed,
    note,
    active: (service) => within(service === 'sqs' ? plan.queueFaultsUntilMs : plan.injectMs),
  });
  const closing = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> =>
    resources.adopt(await starting, (started) => started.close());

  const watched = watchTouches();
  const table: FaultProxy = await closing(
    startFaultProxy({
      judge: (call) => {
        watched.see(call);
        return judge(call);
      },
    }),
  );
  const mischief = queueMischief({
    seed: plan.seed,
    note,
    holding: () => within(plan.injectMs),
    doubling: () => within(plan.injectMs + doublingGoesOnMs),
    emulator: () => {
      const { sqs, jobsQueueUrl } = subject.emulators();
      return { sqs, queueUrl: jobsQueueUrl };
    },
  });
  const queue = await closing(startFaultProxy({ judge, edit: mischief.edit }));
  const model = await closing(startModel());
  await writePreload(file('preload.mjs'), plan.seed);
  const subject: Subject = await closing(
    startSubject({
      dataDir: file('data'),
      preload: file('preload.mjs'),
      modelUrl: model.baseUrl,
      table,
      queue,
      firstTimeoutSeconds: plan.firstTimeoutSeconds,
    }),
  );
  return {
    subject,
    model,
    mischief,
    begin: () => {
      begunAtMs = Date.now();
    },
    sinceMs,
    touches: watched.lines,
  };
};
