import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
const rowsBelow = (heading: string): readonly string[] => {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  return (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| threat |'));
};

test('every control of the security page names a test that is there, or a page', () => {
  const rows = rowsBelow('Threats and controls');
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) {
    const shownBy = row.split('|').at(-2) ?? '';
    const tests = [...shownBy.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path]) => path ?? '');
    expect(tests.length > 0 || shownBy.includes('.md'), row).toBe(true);
    for (const path of tests) {
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
    }
  }
});
