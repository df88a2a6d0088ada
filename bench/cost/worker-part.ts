import type { Table, Target } from '../harness/result.ts';
import { type Drained, drain } from './drain.ts';
import { drawMix, long } from './mix.ts';
import { type Part, parking, type Size, shippedBatch, unparked } from './part.ts';

type Setting = {
  readonly name: string;
  readonly batchSize: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly backlogs: Size['backlogs'];
};

type Run = Setting & { readonly drained: Drained };

const efficiency = ({ optimumGbSeconds, workerGbSeconds }: Drained): number =>
  optimumGbSeconds / workerGbSeconds;

const perJob = ({ workerGbSeconds, jobs }: Drained): number => workerGbSeconds / jobs;

/** Optimum and measured of one generation of the mix, if all of them went through the queue. */
const mixEfficiency = (drains: readonly Drained[]): number => {
  const mix = drawMix(10);
  const shareOf = ({ kind }: Drained): number => mix.filter((one) => one === kind).length;
  const sum = (gbSecondsOf: (one: Drained) => number): number =>
    drains.reduce((total, one) => total + (shareOf(one) * gbSecondsOf(one)) / one.jobs, 0);
  return sum((one) => one.optimumGbSeconds) / sum((one) => one.workerGbSeconds);
};

const runTable = (runs: readonly Run[]): Table => ({
  title: 'The worker, draining backlogs of jobs of one length',
  columns: [
    ...['length', 'setting', 'jobs', 'invocations', 'GB-s a job', 'optimum without parking'],
    'optimum ÷ measured',
  ],
  rows: runs.map(({ name, drained }) => [
    drained.kind.name,
    name,
    drained.jobs,
    drained.invocations,
    perJob(drained),
    drained.optimumGbSeconds / drained.jobs,
    efficiency(drained),
  ]),
});

const settingsOf = ({ isSmoke, backlogs }: Size): readonly Setting[] => {
  const batched = { name: 'batch of 10', batchSize: shippedBatch, variables: unparked, backlogs };
  const single = {
    name: 'one record',
    batchSize: 1,
    variables: unparked,
    backlogs: [{ kind: long, batches: 3 }],
  };
  const longs = [{ kind: long, batches: 1 }];
  if (isSmoke) return [batched];
  return [
    batched,
    { ...batched, name: 'batch of 10, parking', variables: parking, backlogs: longs },
    single,
    { ...single, name: 'one record, parking', variables: parking },
  ];
};

/** How many times as much the long class costs without parking, of the runs with that batch. */
const parkingTarget = (runs: readonly Run[], batchSize: number): readonly Target[] => {
  const costs = (variables: Setting['variables']): readonly number[] =>
    runs
      .filter((run) => run.batchSize === batchSize && run.variables === variables)
      .filter(({ drained }) => drained.kind === long)
      .map(({ drained }) => perJob(drained));
  const [[without], [parked]] = [costs(unparked), costs(parking)];
  if (without === undefined || parked === undefined) return [];
  const what = `times fewer GB-seconds of the worker by parking, 300 s, ${batchSize} in a batch`;
  return [{ what, measured: without / parked, is: 'at least', bound: 20 }];
};

/** What the worker alone is billed for jobs of one length, beside what it cannot be less than. */
export const workerPart = async (size: Size): Promise<Part> => {
  const { packageDir, speed } = size;
  const run = async (setting: Setting): Promise<readonly Run[]> => {
    const { batchSize, variables, backlogs } = setting;
    const loads = backlogs.map(({ kind, batches }) => ({ kind, jobs: batches * batchSize }));
    const drained = await drain({ packageDir, batchSize, variables }, loads, speed);
    return drained.map((one) => ({ ...setting, drained: one }));
  };
  const runs = (await Promise.all(settingsOf(size).map(run))).flat();
  const batched = runs.filter(({ name }) => name === 'batch of 10');
  return {
    tables: [runTable(runs)],
    targets: [
      {
        what: 'arithmetic optimum ÷ measured, batch of 10, lengths weighed as in the mix',
        measured: mixEfficiency(batched.map(({ drained }) => drained)),
        is: 'at least',
        bound: 0.9,
      },
      ...parkingTarget(runs, shippedBatch),
      ...parkingTarget(runs, 1),
    ],
  };
};
