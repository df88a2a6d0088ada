import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { benches } from '../../bench/benches.ts';
import { runScript } from '../fixtures/command.ts';

const written = z.object({
  tables: z
    .array(
      z.object({
        columns: z.array(z.string()),
        rows: z.array(z.array(z.union([z.string(), z.number()]))).check(z.minLength(1)),
      }),
    )
    .check(z.minLength(1)),
  targets: z.array(z.object({ measured: z.number(), bound: z.number() })),
});

let out: string;
beforeAll(async () => {
  out = await mkdtemp(path.join(tmpdir(), 'outlast-bench-'));
});
afterAll(() => rm(out, { recursive: true }));

test.each(Object.keys(benches))(
  'the bench %s runs, prints its tables, and its figures are numbers',
  async (name) => {
    const args = [name, '--smoke', '--out', out];
    const { code, stdout, stderr } = await runScript('bench/main.ts', args, { HOME: out });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`## ${name}`);
    const result = written.parse(
      JSON.parse(await readFile(path.join(out, `${name}.json`), 'utf8')),
    );
    for (const { columns, rows } of result.tables) {
      for (const row of rows) expect(row).toHaveLength(columns.length);
    }
  },
);
