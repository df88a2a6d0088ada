import { type FaultName, faultNames, findFault, modelNotFound } from './faults.ts';
import { type Parsed, refused } from './refusal.ts';

/** What a model name asks of its generation. */
export interface Controls {
  /** Length of the whole text, in tokens, before the request's own limit. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  /** From the arrival of the request to the first token. */
  readonly firstTokenMs: number;
  /** Tokens of reasoning before the text. */
  readonly reasoningTokens: number;
  /** How long a background response is queued before it starts. */
  readonly queuedMs: number;
  /** No two generations have the same text. */
  readonly varied: boolean;
  readonly fault: FaultName | null;
  /** Tokens sent before a fault that happens in mid-generation. */
  readonly afterTokens: number;
  /** How many requests of one key meet the fault; null for all of them. */
  readonly times: number | null;
  readonly key: string | null;
  readonly retryAfterSeconds: number | null;
  readonly retryAfterMs: number | null;
}

interface NumericControl {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

const numericControls: Readonly<Record<string, NumericControl>> = {
  tokens: { min: 0, max: 200_000, integer: true },
  rate: { min: 0.01, max: 100_000, integer: false },
  first_ms: { min: 0, max: 3_600_000, integer: true },
  reasoning: { min: 0, max: 100_000, integer: true },
  queued_ms: { min: 0, max: 3_600_000, integer: true },
  varied: { min: 0, max: 1, integer: true },
  after: { min: 0, max: 200_000, integer: true },
  times: { min: 0, max: 1_000_000, integer: true },
  retry_after: { min: 0, max: 86_400, integer: false },
  retry_after_ms: { min: 0, max: 86_400_000, integer: true },
};
const knownControls = [...Object.keys(numericControls), 'fault', 'key'];

const defaultTokens = 60;
const defaultTokensPerSecond = 200;
const defaultFirstTokenMs = 100;
const timedTokensPerSecond = 10;
const maxTimedSeconds = 3_600;

/**
 * Reads a model name: `demo`, `demo-40s` (a generation of 40 s), any other `demo…`, each with
 * controls as a query string (`demo?tokens=400&rate=10&first_ms=500`). `reasoning=N` puts N tokens of
 * reasoning before the text, `queued_ms=N` keeps a background response queued for that long,
 * `varied=1` gives each generation a text of its own.
 * Refused with 404 when the name does not start with `demo`, and with 400 naming the control when
 * one is unknown, given twice, not a number or out of range.
 */
export function parseControls(model: string): Parsed<Controls> {
  const mark = model.indexOf('?');
  const name = mark === -1 ? model : model.slice(0, mark);
  if (!/^demo[\w.:-]*$/.test(name)) return { kind: 'refused', refusal: modelNotFound(model) };

  const numbers = new Map<string, number>();
  let fault: FaultName | null = null;
  let key: string | null = null;
  const seen = new Set<string>();
  for (const [control, text] of new URLSearchParams(mark === -1 ? '' : model.slice(mark + 1))) {
    if (seen.has(control)) return refused(`Demo control '${control}' is given twice.`, 'model');
    seen.add(control);
    if (control === 'key') {
      if (text === '') return refused("Demo control 'key' is empty.", 'model');
      key = text;
    } else if (control === 'fault') {
      const found = findFault(text);
      if (found === null) return refused(badFault(text), 'model');
      fault = found;
    } else {
      const limits = Object.hasOwn(numericControls, control) ? numericControls[control] : undefined;
      if (!limits) return refused(unknownControl(control), 'model');
      const value = parseNumber(text, limits);
      if (value === null) return refused(badNumber(control, text, limits), 'model');
      numbers.set(control, value);
    }
  }

  const timing = timingOf(name, numbers);
  if (timing === null) {
    return refused(`Demo model '${name}' must last from 1 to ${maxTimedSeconds} s.`, 'model');
  }
  const reasoningTokens = numbers.get('reasoning') ?? 0;
  const allTokens = reasoningTokens + timing.tokens;
  const afterTokens = numbers.get('after') ?? Math.floor(allTokens / 2);
  if (afterTokens > allTokens) {
    return refused(`Demo control 'after' is above the ${allTokens} tokens there are.`, 'model');
  }
  return {
    kind: 'parsed',
    value: {
      ...timing,
      reasoningTokens,
      queuedMs: numbers.get('queued_ms') ?? 0,
      varied: numbers.get('varied') === 1,
      fault,
      afterTokens,
      times: numbers.get('times') ?? null,
      key,
      retryAfterSeconds: numbers.get('retry_after') ?? null,
      retryAfterMs: numbers.get('retry_after_ms') ?? null,
    },
  };
}

type Timing = Pick<Controls, 'tokens' | 'tokensPerSecond' | 'firstTokenMs'>;

/** The last token of `demo-40s` is due 40 s after the request, at any rate; reasoning comes extra. */
function timingOf(name: string, numbers: ReadonlyMap<string, number>): Timing | null {
  const seconds = /^demo-(\d{1,9}(?:\.\d{1,9})?)s$/.exec(name)?.[1];
  if (seconds === undefined) {
    return {
      tokens: numbers.get('tokens') ?? defaultTokens,
      tokensPerSecond: numbers.get('rate') ?? defaultTokensPerSecond,
      firstTokenMs: numbers.get('first_ms') ?? defaultFirstTokenMs,
    };
  }
  const lastsSeconds = Number(seconds);
  if (lastsSeconds < 1 || lastsSeconds > maxTimedSeconds) return null;
  const tokensPerSecond = numbers.get('rate') ?? timedTokensPerSecond;
  const fitting = Math.max(1, Math.round(lastsSeconds * tokensPerSecond));
  const tokens =
    numbers.get('tokens') ?? Math.min(fitting, numericControls['tokens']?.max ?? fitting);
  const firstTokenMs = numbers.get('first_ms') ?? 1_000 / tokensPerSecond;
  return { tokens, tokensPerSecond, firstTokenMs };
}

function parseNumber(text: string, limits: NumericControl): number | null {
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(text)) return null;
  const value = Number(text);
  if (limits.integer && !Number.isInteger(value)) return null;
  return value >= limits.min && value <= limits.max ? value : null;
}

function badNumber(control: string, text: string, limits: NumericControl): string {
  const kind = limits.integer ? 'a whole number' : 'a number';
  const range = `${limits.min} to ${limits.max}`;
  return `Demo control '${control}' must be ${kind} from ${range}, not '${text.slice(0, 100)}'.`;
}

function unknownControl(control: string): string {
  const known = knownControls.join(', ');
  return `Unknown demo control '${control.slice(0, 100)}'. Known controls: ${known}.`;
}

function badFault(text: string): string {
  return `Unknown demo fault '${text.slice(0, 100)}'. Known faults: ${faultNames.join(', ')}.`;
}
