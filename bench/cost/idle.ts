import { readFile } from 'node:fs/promises';
import { untilQuiet } from './client.ts';
import { type Part, parking, type Size } from './part.ts';
import { costUsd } from './prices.ts';
import { startStand, templateIn } from './stand.ts';
import { type Amounts, amountsOf, totalUsd, useBy } from './use.ts';

const minutes = 30 * 24 * 60;

/**
 * Lambda polls a queue with five long polls of 20 s at a time while nothing comes, and each is billed
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: five batches at a time;
 * https://repost.aws/knowledge-center/sqs-high-charges: the empty receives of a queue that is not
 * used; read 2026-11).
 */
const pollers = 5;
const pollsPerMinute = 60 / 20;
const queues = 2;

const sweeps = 5;

/** A month of the sweep, from a few of its runs on a warm sandbox. */
const sweepMonth = async (packageDir: string): Promise<Amounts> => {
  const stand = await startStand({ packageDir, variables: parking });
  try {
    await stand.lambda.invoke('sweep', {});
    await untilQuiet(stand);
    stand.take();
    for (let index = 0; index < sweeps; index += 1) await stand.lambda.invoke('sweep', {});
    await untilQuiet(stand);
    const use = useBy(stand.take(), 'sweep');
    return amountsOf(use, minutes / use.invocations.length);
  } finally {
    await stand.close();
  }
};

const countAlarms = async (packageDir: string): Promise<number> =>
  (await readFile(templateIn(packageDir), 'utf8')).match(/"AWS::CloudWatch::Alarm"/g)?.length ?? 0;

/** What a stage costs in a month of thirty days in which nobody asks it for anything. */
export const idlePart = async ({ packageDir }: Pick<Size, 'packageDir'>): Promise<Part> => {
  const sweep = await sweepMonth(packageDir);
  const alarms = await countAlarms(packageDir);
  const polls = queues * pollers * pollsPerMinute * minutes;
  const costs = {
    sweep: totalUsd(sweep),
    polls: costUsd('queueRequests', polls),
    alarms: costUsd('alarmMonths', alarms),
  };
  const { gbSeconds, invocations, readUnits } = sweep;
  const used = `${Math.round(gbSeconds)} GB-s, ${invocations} invocations, ${readUnits} RRU`;
  const table = {
    title: 'A month in which nothing is asked, without the free tiers',
    columns: ['what', 'amount', 'USD'],
    rows: [
      ['the sweep, each minute', used, costs.sweep.toFixed(2)],
      ['long polls of the two queues', `${polls} requests`, costs.polls.toFixed(2)],
      ['alarms', String(alarms), costs.alarms.toFixed(2)],
      ['all', '', (costs.sweep + costs.polls + costs.alarms).toFixed(2)],
    ],
  };
  return { tables: [table], targets: [] };
};
