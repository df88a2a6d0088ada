import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientLine, Journal } from '../journal.ts';
import type { Random } from '../prng.ts';
import { readAnswer } from './answer.ts';
import { type Asked, type Exchanged, exchange } from './exchange.ts';
import type { Told } from './told.ts';

export type ClientDeps = {
  readonly url: string;
  readonly journal: Journal<ClientLine>;
  readonly random: Random;
  /** Whether the service honours `Idempotency-Key`. */
  readonly keys: boolean;
  /** Aborts when the run is over: nobody reads on. */
  readonly over: AbortSignal;
};

/** How often a client tries the same thing before it gives up. */
export const maxTries = 8;

const endedStatuses: readonly (string | undefined)[] = [
  'completed',
  'incomplete',
  'failed',
  'cancelled',
];

export const hasEnded = ({ status }: Told): boolean => endedStatuses.includes(status);

/** Waits that long, or until the run is over. */
export const pause = (ms: number, over: AbortSignal): Promise<unknown> =>
  sleep(ms, undefined, { signal: over }).catch(() => undefined);

const maxFactor = 8;

/** A pause of that length, doubled with each failure in a row as clients do, up to eight times as long. */
export const backOff = (ms: number, failures: number, over: AbortSignal): Promise<unknown> =>
  pause(ms * Math.min(maxFactor, 2 ** failures), over);

/** One exchange, as the journal has it. */
export const tell = async (
  { journal }: ClientDeps,
  what: ClientLine['what'],
  name: string,
  url: string,
  asked: Asked,
  piecesBefore = '',
): Promise<{ readonly exchanged: Exchanged; readonly told: Told }> => {
  const startedAtMs = Date.now();
  const exchanged = await exchange(url, asked);
  const told = readAnswer(exchanged, piecesBefore);
  const { httpStatus, broken, headers } = exchanged;
  const { resultUrl: _, lastSeq: __, pieces: ___, ...said } = told;
  journal.note({
    what,
    name,
    startedAtMs,
    endedAtMs: Date.now(),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(broken === undefined ? {} : { broken }),
    ...said,
    ...(headers['idempotent-replayed'] === 'true' ? { replayed: true } : {}),
  });
  return { exchanged, told };
};
