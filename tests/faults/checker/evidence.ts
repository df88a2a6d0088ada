import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { readDocument } from '../clients/answer.ts';
import type { ClientLine, FaultLine, TouchLine } from '../journal.ts';
import type { Plan } from '../plan.ts';

const ledgerSchema = z.array(
  z.looseObject({ attempt: z.number(), outcome: z.string().optional() }),
);
const jobSchema = z.looseObject({
  pk: z.string(),
  sk: z.literal('job'),
  status: z.string(),
  attempt: z.number(),
  metadata: z.record(z.string(), z.string()).optional(),
  ledger: ledgerSchema,
  error: z.looseObject({ code: z.string() }).optional(),
  final: z.object({ attempt: z.number(), chunks: z.number() }).optional(),
  stopOwed: z.boolean().optional(),
  upstreamId: z.string().optional(),
  dueAtMs: z.number().optional(),
  deletedAtMs: z.number().optional(),
});
const partSchema = z.looseObject({ pk: z.string(), sk: z.string(), body: z.string() });
const itemSchema = z.union([jobSchema, partSchema]);

/** A job's item, as it lies in the table. */
export type StoredJob = z.infer<typeof jobSchema>;

const generationSchema = z.looseObject({
  id: z.string(),
  protocol: z.string(),
  background: z.boolean(),
  model: z.string(),
  prompt: z.string(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  text: z.string(),
  outcome: z.string().nullable(),
  open: z.boolean(),
});

/** A line of the model's own log. */
export type Generated = z.infer<typeof generationSchema>;

const endSchema = z.object({
  jobsQueue: z.object({ visible: z.number(), inFlight: z.number(), delayed: z.number() }),
  deadLetters: z.object({ visible: z.number(), inFlight: z.number(), delayed: z.number() }),
  timeouts: z.number(),
  phases: z.array(z.object({ what: z.string(), fromMs: z.number(), untilMs: z.number() })),
});

/** All that a run left behind. */
export type Evidence = {
  readonly plan: Plan;
  readonly clients: readonly ClientLine[];
  readonly faults: readonly FaultLine[];
  readonly touches: readonly TouchLine[];
  readonly generations: readonly Generated[];
  /** By id, once all had ended; and again after each hidden message was delivered once more. */
  readonly jobs: ReadonlyMap<string, StoredJob>;
  readonly jobsLater: ReadonlyMap<string, StoredJob>;
  /** The whole text of a job's final object. */
  finalText(job: StoredJob): string | undefined;
  readonly end: z.infer<typeof endSchema>;
};

const jobsIn = (items: readonly z.infer<typeof itemSchema>[]): Map<string, StoredJob> =>
  new Map(
    items.flatMap((item) => {
      const job = jobSchema.safeParse(item);
      return job.success ? [[job.data.pk, job.data] as const] : [];
    }),
  );

/** The final object as it is stored: gzipped JSON in parts, `final#<attempt>#<n>`. */
const textIn = (
  parts: ReadonlyMap<string, string>,
  { pk, final }: StoredJob,
): string | undefined => {
  if (final === undefined) return undefined;
  const bytes = Array.from({ length: final.chunks }, (_, index) =>
    Buffer.from(parts.get(`${pk} final#${final.attempt}#${index}`) ?? '', 'base64'),
  );
  const value: unknown = JSON.parse(gunzipSync(Buffer.concat(bytes)).toString('utf8'));
  // The status is the item's own; here any that has a text will do.
  const document = typeof value === 'object' ? { ...value, status: 'completed' } : value;
  return readDocument(document).text;
};

/** Reads the files of a run. The lines were written by this suite; the rest is checked. */
export const readEvidence = async (folder: string): Promise<Evidence> => {
  const text = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8');
  const lines = async <T>(name: string): Promise<T[]> =>
    (await text(name))
      .split('\n')
      .filter((line) => line !== '')
      .map((line): T => JSON.parse(line));
  const json = async (name: string): Promise<unknown> => JSON.parse(await text(name));
  const plan: Plan = JSON.parse(await text('plan.json'));
  const items = z.array(itemSchema).parse(await json('table.json'));
  const later = z.array(itemSchema).parse(await json('table-later.json'));
  const parts = new Map(
    later.flatMap((item) => {
      const part = partSchema.safeParse(item);
      return part.success ? [[`${part.data.pk} ${part.data.sk}`, part.data.body] as const] : [];
    }),
  );
  return {
    plan,
    clients: await lines<ClientLine>('clients.jsonl'),
    faults: await lines<FaultLine>('faults.jsonl'),
    touches: await lines<TouchLine>('touches.jsonl'),
    generations: z.array(generationSchema).parse(await json('generations.json')),
    jobs: jobsIn(items),
    jobsLater: jobsIn(later),
    finalText: (job) => textIn(parts, job),
    end: endSchema.parse(await json('end.json')),
  };
};
