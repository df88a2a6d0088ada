import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';

const read = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('the deployment page names every parameter of a stage, and none that is not there', () => {
  const params = z.object({ default: z.looseObject({}) }).parse(parse(read('infra/params.yml')));
  const [, section = ''] = read('docs/deploy.md').split(/^## Parameters$/m);
  const [table = ''] = section.split(/^## /m);
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    (row.split('|')[1] ?? '').split(',').map((name) => name.trim().replaceAll('`', '')),
  );
  expect(named.toSorted()).toEqual(Object.keys(params.default).toSorted());
});
