import { promptOf } from '../clients/request-of.ts';
import type { ClientLine } from '../journal.ts';
import type { PlannedRequest } from '../request-plan.ts';
import type { Evidence, Generated, StoredJob } from './evidence.ts';

/** What was promised and is not so. */
export type Violation = { readonly rule: string; readonly name: string; readonly what: string };

/** One request with all that is known of it from all sides. */
export type Case = {
  readonly planned: PlannedRequest;
  readonly lines: readonly ClientLine[];
  /** The jobs that were made of it; more than one is a violation. */
  readonly jobs: readonly StoredJob[];
  /** Ids that a client was told; a job may be told of and be gone. */
  readonly toldIds: readonly string[];
  readonly generations: readonly Generated[];
  readonly deleted: boolean;
};

export const terminal: readonly (string | undefined)[] = [
  'completed',
  'incomplete',
  'failed',
  'cancelled',
];

const grouped = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};

/** Joins the logs by the name that each request carries in its prompt and its metadata. */
export const casesOf = ({ plan, clients, generations, jobs }: Evidence): Case[] => {
  const lines = grouped(clients, ({ name }) => name);
  const generated = grouped(generations, ({ prompt }) => prompt);
  const named = grouped([...jobs.values()], ({ metadata }) => metadata?.['request'] ?? '');
  return plan.requests.map((planned) => {
    const own = lines.get(planned.name) ?? [];
    const toldIds = [...new Set(own.flatMap(({ jobId }) => jobId ?? []))];
    const told = toldIds.flatMap((id) => jobs.get(id) ?? []);
    return {
      planned,
      lines: own,
      jobs: [...new Set([...(named.get(planned.name) ?? []), ...told])],
      toldIds,
      generations: generated.get(promptOf(planned.name)) ?? [],
      deleted: own.some(({ what }) => what === 'delete'),
    };
  });
};
