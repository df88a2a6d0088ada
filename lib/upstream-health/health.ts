import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { type EpochMs, epochMs } from '../job/time.ts';
import { maxCircuits, retryCapacity } from '../limits.ts';
import { type Circuit, circuitSchema, isForgotten } from './circuit.ts';

const instant = z.pipe(
  z.int(),
  z.transform((value): EpochMs => epochMs(value)),
);

const healthSchema = z.object({
  v: z.literal(1),
  /** Counts the writes; 0 is that of an upstream that was never written about. */
  rev: z.int().check(z.gte(0)),
  tokens: z.number().check(z.gte(0)),
  refilledAtMs: instant,
  /** Whether the upstream can be reached at all. */
  whole: z.optional(circuitSchema),
  /** Those of models that failed of late. A list, since a model's name may be any text. */
  models: z.array(z.object({ model: z.string(), circuit: circuitSchema })),
});
/** What all sandboxes know of one upstream: its retry budget and its circuits. */
export type Health = z.infer<typeof healthSchema>;

/** An upstream nothing is known of. */
export const healthy = (): Health => ({
  v: 1,
  rev: 0,
  tokens: retryCapacity,
  refilledAtMs: epochMs(0),
  models: [],
});

/** As read from the table. Throws Fault `item_unreadable` when it is none. */
export const parseHealth = (item: unknown): Health => {
  const parsed = healthSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  throw new Fault('item_unreadable', "The record of an upstream's health cannot be read.");
};

/** Of the whole upstream with `undefined` as the model. */
export const circuitOf = (health: Health, model: string | undefined): Circuit | undefined =>
  model === undefined
    ? health.whole
    : health.models.find((entry) => entry.model === model)?.circuit;

type Entry = Health['models'][number];

/** What is dropped first: closed circuits before open ones, and of those the oldest. */
const byWorth = (a: Entry, b: Entry): number =>
  Number(b.circuit.openUntilMs > 0) - Number(a.circuit.openUntilMs > 0) ||
  b.circuit.lastFailedAtMs - a.circuit.lastFailedAtMs;

/** With that circuit, or without when there is none; forgotten ones and those too many are dropped. */
export const withCircuit = (
  health: Health,
  model: string | undefined,
  circuit: Circuit | undefined,
  nowMs: EpochMs,
): Health => {
  if (model === undefined) {
    const { whole: _, ...rest } = health;
    return circuit === undefined ? rest : { ...rest, whole: circuit };
  }
  const others = health.models.filter(
    (entry) => entry.model !== model && !isForgotten(entry.circuit, nowMs),
  );
  const models = circuit === undefined ? others : [{ model, circuit }, ...others];
  return {
    ...health,
    models: models.length <= maxCircuits ? models : models.sort(byWorth).slice(0, maxCircuits),
  };
};
