import { once } from 'node:events';
import { watch } from 'node:fs';
import path from 'node:path';
import { startService } from '../../tests/fixtures/service.ts';
import type { Bench } from '../harness/result.ts';
import { converse, drive } from './load.ts';
import { memoryUses } from './reports.ts';

const small = { jobs: 1, promptBytes: 64, outputTokens: 20 };
/** The largest request there may be, as many of them as one run of the worker takes. */
const large = { jobs: 10, promptBytes: 4_000_000, outputTokens: 30_000 };
/** With the request itself nearly the 16 Mi characters that a conversation may have. */
const earlierTurns = 3;
const smokeLarge = { jobs: 2, promptBytes: 400_000, outputTokens: 200 };

/** The schedule runs it each minute. */
const hasSwept = async (dataDir: string): Promise<void> => {
  const watcher = watch(path.join(dataDir, 'logs'));
  try {
    while (!(await memoryUses(dataDir)).has('sweep')) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
};

/** The most memory that each function uses, for small requests and for the largest there may be. */
export const bench: Bench = async ({ smoke, say }) => {
  const service = await startService();
  try {
    say('small requests');
    await drive(service, small);
    const few = await memoryUses(service.dataDir);
    say('the largest requests');
    await drive(service, smoke ? smokeLarge : large);
    say('the longest conversations');
    await converse(service, smoke ? smokeLarge : large, smoke ? 1 : earlierTurns);
    if (!smoke) await hasSwept(service.dataDir);
    const most = await memoryUses(service.dataDir);
    return {
      tables: [
        {
          title: 'Most memory used, of the REPORT lines',
          columns: [
            'function',
            'size MB',
            'small requests MB',
            'largest requests MB',
            'share of the size',
          ],
          rows: [...most]
            .toSorted()
            .map(([name, { sizeMb, usedMb }]) => [
              name,
              sizeMb,
              few.get(name)?.usedMb ?? '',
              usedMb,
              `${Math.round((usedMb / sizeMb) * 100)} %`,
            ]),
        },
      ],
      targets: [...most].map(([name, { sizeMb, usedMb }]) => ({
        what: `${name}, most used ÷ size`,
        measured: usedMb / sizeMb,
        is: 'at most',
        bound: 0.75,
      })),
      notes: [
        `Largest: ${large.jobs} jobs at once with prompts of ${large.promptBytes / 1e6} MB and ${large.outputTokens} tokens of output, each read, called back about and sent again; then as many answers at once to a conversation of ${earlierTurns} such prompts before.`,
        'A process of the local runtime, without the pages of Node that all of them share, and with the heap limited as Lambda limits it; the collector uses what it is given, so a size that is too small shows as a kill, not as this figure.',
      ],
    };
  } finally {
    await service.interrupt();
  }
};
