import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { generate, later, readResult, request, untilEnded, untilQuiet } from './client.ts';
import { tokensPerSecond } from './mix.ts';
import type { Part, Size } from './part.ts';
import { type Prose, proseModel, startProseUpstream } from './prose-upstream.ts';
import { type Stand, startStand } from './stand.ts';

/** What one long generation cost the table, and how much text it was. */
type Written = {
  readonly api: 'generate' | 'responses';
  readonly followed: boolean;
  readonly textBytes: number;
  readonly writeUnits: number;
  readonly writes: number;
  readonly readUnits: number;
};

type Job = { readonly id: string; readonly result_url: string };

const idSchema = z.looseObject({ id: z.string() });
const outputSchema = z.looseObject({
  output: z.array(
    z.looseObject({ content: z.array(z.looseObject({ text: z.string() })).optional() }),
  ),
});

/** A job of one api, how it is followed to its end, and its text then. */
const apis = {
  generate: {
    begin: (stand: Stand, model: string): Promise<Job> => generate(stand, model, 'Tell.', later),
    follow: async (stand: Stand, job: Job): Promise<void> => {
      const headers = { prefer: 'wait=20' };
      while ((await readResult(stand, job, headers)).httpStatus === 202);
    },
    textOf: async (stand: Stand, job: Job) => (await readResult(stand, job)).text ?? '',
  },
  responses: {
    begin: async (stand: Stand, model: string): Promise<Job> => {
      const body = { model, input: 'Tell.', background: true };
      const response = await request(stand, 'POST', '/v1/responses', { body });
      return { ...idSchema.parse(await response.json()), result_url: '' };
    },
    follow: async (stand: Stand, { id }: Job): Promise<void> => {
      const response = await request(stand, 'GET', `/v1/responses/${id}?stream=true`);
      if (response.body !== null) await text(response.body);
    },
    textOf: async (stand: Stand, { id }: Job) => {
      const response = await request(stand, 'GET', `/v1/responses/${id}`);
      const { output } = outputSchema.parse(await response.json());
      return output.flatMap(({ content = [] }) => content.map((part) => part.text)).join('');
    },
  },
} as const;

const write = async (
  stand: Stand,
  { api, followed }: Pick<Written, 'api' | 'followed'>,
  model: string,
): Promise<Written & { readonly id: string }> => {
  const { begin, follow, textOf } = apis[api];
  const job = await begin(stand, model);
  if (followed) await follow(stand, job);
  await untilEnded(stand, [job]);
  const textBytes = Buffer.byteLength(await textOf(stand, job));
  return { api, followed, id: job.id, textBytes, writeUnits: 0, writes: 0, readUnits: 0 };
};

/**
 * One long generation for each api, followed by a reader (a checkpoint each second) and not (every
 * 10 s), side by side, on an upstream without background mode, so that none is parked.
 */
const measureWrites = async (packageDir: string, prose: Prose): Promise<readonly Written[]> => {
  const upstream = await startProseUpstream();
  const stand = await startStand({
    packageDir,
    batchSize: 1,
    upstreamUrl: upstream.baseUrl,
    variables: { OPENAI_PROTOCOL: 'chat' },
  });
  try {
    const cases = (['generate', 'responses'] as const).flatMap((api) =>
      [false, true].map((followed) => write(stand, { api, followed }, proseModel(prose))),
    );
    const written = await Promise.all(cases);
    await untilQuiet(stand);
    const { tableCalls } = stand.take();
    return written.map((one) => {
      const own = tableCalls.filter(({ partition }) => partition === one.id);
      const writes = own.filter(({ writeUnits }) => writeUnits > 0);
      const sum = (of: (call: (typeof own)[number]) => number): number =>
        own.reduce((total, call) => total + of(call), 0);
      return {
        ...one,
        writes: writes.length,
        writeUnits: sum(({ writeUnits }) => writeUnits),
        readUnits: sum(({ readUnits }) => readUnits),
      };
    });
  } finally {
    await stand.close();
    await upstream.close();
  }
};

/** What it costs to keep the output, at both rates of checkpoints. */
export const writesPart = async ({ packageDir, proseSeconds }: Size): Promise<Part> => {
  const written = await measureWrites(packageDir, { seconds: proseSeconds, tokensPerSecond });
  const table = {
    title: `The table, for a generation of ${proseSeconds} s of prose`,
    columns: ['api', 'checkpoint every', 'KB of text', 'writes', 'WRU', 'WRU a KB', 'RRU'],
    rows: written.map(({ api, followed, textBytes, writes, writeUnits, readUnits }) => [
      ...[api, followed ? '1 s (followed)' : '10 s', textBytes / 1024, writes, writeUnits],
      ...[writeUnits / (textBytes / 1024), readUnits],
    ]),
  };
  return { tables: [table], targets: [] };
};
