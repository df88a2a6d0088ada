import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import * as z from 'zod';
import { submitAndWait } from '../../lib/generation/submit-and-wait.ts';
import { startDemoModel } from '../../local/demo-model/demo-model.ts';
import { type Engine, startEngine, submission, unending } from '../../tests/fixtures/engine.ts';
import { functionVariables } from '../harness/function-variables.ts';

/** What one worker's heap holds after a collection, on its way through so many jobs. */
export type HeapOverJobs = {
  readonly jobs: number;
  readonly tenthMb: number;
  readonly halfMb: number;
  readonly allMb: number;
};

const batch = 10;
const host = path.join(import.meta.dirname, 'worker-host.ts');

const answerSchema = z.object({
  result: z.object({ batchItemFailures: z.array(z.unknown()).length(0) }),
  keptMb: z.number(),
});

const variables = ({ table }: Engine, demoUrl: string): Record<string, string> => ({
  ...functionVariables(demoUrl),
  TABLE_NAME: table.tableName,
  LOG_LEVEL: 'ERROR',
  AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
});

const startHost = async (env: Record<string, string>): Promise<ChildProcess> => {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = fork(host, {
    env: { PATH, HOME, TMPDIR, ...env },
    execPath: process.execPath,
    execArgv: ['--expose-gc'],
  });
  await once(child, 'message');
  return child;
};

/** Has one process work off so many jobs, ten at a time. */
export const heapOverJobs = async (jobs: number): Promise<HeapOverJobs> => {
  await using cleanup = new AsyncDisposableStack();
  const engine = await startEngine();
  cleanup.defer(() => engine.close());
  const demo = await startDemoModel({ host: '127.0.0.1', port: 0 });
  cleanup.defer(() => demo.close());
  const child = await startHost(variables(engine, demo.baseUrl));
  cleanup.defer(async () => {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  });
  const deps = engine.deps();
  const accept = async (): Promise<string> => {
    const asked = submission({ respondAsync: true, waitMs: 0, controls: 'tokens=20&rate=10000' });
    return (await submitAndWait(deps, asked, unending())).id;
  };

  const batches = Math.max(10, Math.ceil(jobs / batch));
  const at = [Math.ceil(batches / 10), Math.ceil(batches / 2), batches];
  const keptMb: number[] = [];
  for (let number = 1; number <= batches; number += 1) {
    const ids = await Promise.all(Array.from({ length: batch }, accept));
    const measure = at.includes(number);
    const answered = once(child, 'message');
    child.send({ ids, measure });
    const told = answerSchema.parse((await answered)[0]);
    if (measure) keptMb.push(told.keptMb);
    // Its messages are of no more use.
    await engine.takeMessages();
  }
  const [tenthMb = Number.NaN, halfMb = Number.NaN, allMb = Number.NaN] = keptMb;
  return { jobs: batches * batch, tenthMb, halfMb, allMb };
};
