import type { ClientLine } from '../journal.ts';
import { type Case, terminal, type Violation } from './case.ts';
import type { Evidence } from './evidence.ts';

type Seen = ClientLine & { readonly status: string };

const isSeen = (line: ClientLine): line is Seen =>
  line.status !== undefined && terminal.includes(line.status);

/** What anybody was told once the job had ended is what everybody is told from then on. */
const checkStable = ({ planned: { name }, lines, jobs, deleted }: Case): Violation[] => {
  const seen = lines.filter(isSeen).sort((one, other) => one.endedAtMs - other.endedAtMs);
  const [first] = seen;
  if (first === undefined) return [];
  const rule = 'an end is final';
  const after = lines.filter(
    ({ what, startedAtMs, status }) =>
      what !== 'delete' && startedAtMs > first.endedAtMs && status !== undefined,
  );
  const other = after
    .filter(({ status }) => status !== first.status)
    .map(({ what, status }) => ({ rule, name, what: `${first.status}, then ${status} (${what})` }));
  const texts = new Set(lines.flatMap(({ text }) => text ?? []));
  const other2 = texts.size > 1 ? [{ rule, name, what: `${texts.size} different texts` }] : [];
  const [job] = jobs;
  const stored =
    job !== undefined && !deleted && job.status !== first.status
      ? [{ rule, name, what: `told as ${first.status}, stored as ${job.status}` }]
      : [];
  return [...other, ...other2, ...stored];
};

/** Who was told of a job can read it, until it is deleted. */
const checkThere = ({ planned: { name }, lines, deleted }: Case): Violation[] =>
  deleted
    ? []
    : lines
        .filter(({ what, httpStatus }) => what === 'read' && [404, 410].includes(httpStatus ?? 0))
        .map(({ jobId, httpStatus }) => ({
          rule: 'accepted and lost',
          name,
          what: `${jobId ?? 'a job'} was answered ${httpStatus}`,
        }));

/** Every text that was told or stored is what one generation made, from its first letter to its last. */
const checkTexts = (evidence: Evidence, one: Case): Violation[] => {
  const { planned, lines, jobs, generations } = one;
  const { name } = planned;
  const made = new Set(generations.map(({ text }) => text));
  const rule = 'a text is one generation’s';
  const told = lines.flatMap(({ what, text, streamed }) => [
    ...(text === undefined ? [] : [{ who: what, text }]),
    ...(streamed === undefined ? [] : [{ who: `${what}, streamed`, text: streamed }]),
  ]);
  const stored = jobs.flatMap((job) => {
    if (job.status !== 'completed' || job.deletedAtMs !== undefined) return [];
    return [{ who: 'table', text: evidence.finalText(job) ?? '(none)' }];
  });
  return [...told, ...stored]
    .filter(({ text }) => !made.has(text))
    .map(({ who, text }) => ({
      rule,
      name,
      what: `${who}: ${JSON.stringify(text.slice(0, 60))} … (${text.length} characters)`,
    }));
};

export const checkReads = (evidence: Evidence, cases: readonly Case[]): Violation[] =>
  cases.flatMap((one) => [...checkStable(one), ...checkThere(one), ...checkTexts(evidence, one)]);
