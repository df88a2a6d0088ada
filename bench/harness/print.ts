import type { Machine } from './machine.ts';
import { type BenchResult, type Cell, isMet, type Table, type Target } from './result.ts';

const textOf = (cell: Cell): string =>
  typeof cell === 'number' ? String(Math.round(cell * 1000) / 1000) : cell;

/** The table in Markdown, so that it can be put into a page as it is printed. */
export const tableLines = ({ title, columns, rows }: Table): string[] => {
  const cells = [columns, ...rows.map((row) => row.map(textOf))];
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)));
  const isNumber = columns.map((_, at) => rows.every((row) => typeof row[at] === 'number'));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, at) => (isNumber[at] ? (row[at] ?? '').padStart(width) : (row[at] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = widths.map((width, at) =>
    isNumber[at] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const [head = [], ...body] = cells;
  return [`**${title}**`, '', line(head), line(rule), ...body.map(line), ''];
};

const targetLine = (target: Target): string =>
  `- ${isMet(target) ? 'met' : 'MISSED'}: ${target.what}: ${textOf(target.measured)}, ${target.is} ${textOf(target.bound)}`;

/** The whole result as a reader wants it, in Markdown. */
export const resultLines = (name: string, ranOn: Machine, result: BenchResult): string[] => [
  `## ${name}`,
  '',
  `On ${ranOn.cpu}, ${ranOn.cores} cores, ${ranOn.memoryGb} GB, ${ranOn.os}, Node ${ranOn.node}; load ${ranOn.load} at the start.`,
  '',
  ...result.tables.flatMap(tableLines),
  ...result.targets.map(targetLine),
  ...(result.targets.length > 0 ? [''] : []),
  ...result.notes.map((note) => `- ${note}`),
];
