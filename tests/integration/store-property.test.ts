import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoJobs } from '../../lib/adapters/dynamo-jobs.ts';
import { epochMs } from '../../lib/job/time.ts';
import { applyWrite, type Clause, type JobField, type JobWrite } from '../../lib/job/write.ts';
import type { JobStore } from '../../lib/ports/jobs.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import { queuedJob } from '../fixtures/jobs.ts';

let table: TableEmulator;
let jobs: JobStore;
beforeAll(async () => {
  table = await startTable();
  jobs = dynamoJobs(table.client, table.tableName, { nowMs: () => epochMs(0) });
});
afterAll(() => table.close());

// Few values, so that clauses hold about as often as not.
const small = fc.nat({ max: 3 });
const instant = small.map(epochMs);
const word = fc.constantFrom('', 'a', 'b', 'queued', 'in_progress', '日本 🙂');
// dynalite finds no empty string in a list; statuses are none.
const listed = word.filter((value) => value !== '');
const numberField = fc.constantFrom<JobField>(
  'attempt',
  'writeNo',
  'epoch',
  'strikes',
  'notBeforeMs',
  'leaseExpiresAtMs',
  'dueAtMs',
  'followedUntilMs',
);
const anyField = fc.oneof(numberField, fc.constantFrom<JobField>('status', 'owner', 'answeredBy'));

const clause: fc.Arbitrary<Clause> = fc.oneof(
  fc.record({ field: anyField, is: fc.oneof(small, word) }),
  fc.record({ field: anyField, in: fc.array(listed, { minLength: 1, maxLength: 3 }) }),
  fc.record({ field: anyField, atMost: small }),
  fc.record({ field: anyField, below: small }),
);

const changes = fc.record(
  {
    attempt: small,
    writeNo: small,
    epoch: small,
    owner: word,
    dueAtMs: fc.option(instant, { nil: undefined }),
    followedUntilMs: fc.option(instant, { nil: undefined }),
    segments: fc.array(fc.record({ attempt: small, upTo: small }), { maxLength: 3 }),
    metadata: fc.dictionary(fc.constantFrom('a', 'b'), word),
  },
  { requiredKeys: [] },
);

const ending = fc.record({
  status: fc.constantFrom('completed' as const, 'failed' as const),
  endedAtMs: instant,
  usage: fc.option(fc.record({ input_tokens: small, output_tokens: small, total_tokens: small }), {
    nil: undefined,
  }),
});

const set: fc.Arbitrary<JobWrite['set']> = fc.oneof(
  changes,
  fc.tuple(changes, ending).map(([some, end]) => ({ ...some, ...end })),
);
const clear = fc.subarray<JobField>(['dueAtMs', 'followedUntilMs', 'metadata']);

const job = changes.map((fields) => queuedJob(fields));

test('the table does with any write what applyWrite does with it', async () => {
  let written = 0;
  await fc.assert(
    fc.asyncProperty(
      job,
      fc.array(clause, { maxLength: 3 }),
      set,
      clear,
      async (before, when, set, clear) => {
        const subject = queuedJob({ ...before, id: queuedJob().id });
        expect(await jobs.create(subject)).toEqual({ kind: 'created' });
        const write: JobWrite = { name: 'any', id: subject.id, when, set, clear };
        const expected = applyWrite(subject, write);
        const outcome = await jobs.write(write);
        if (expected === undefined) expect(outcome).toEqual({ kind: 'refused' });
        else expect(outcome).toEqual({ kind: 'written', job: expected });
        expect(await jobs.load(subject.id, 'strong')).toEqual(expected ?? subject);
        if (expected !== undefined) written += 1;
      },
    ),
    { numRuns: 400 },
  );
  expect(written).toBeGreaterThan(80);
});
