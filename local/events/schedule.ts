import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScheduledEvent } from 'aws-lambda';
import type { Invocation } from '../lambda/invocation.ts';

/** One schedule of the template. */
export type Schedule = {
  /** The function that it invokes. */
  name: string;
  /** `rate(1 minute)`, `rate(n minutes)`, hours or days. */
  expression: string;
  ruleArn?: string;
  invoke: (name: string, event: ScheduledEvent) => Promise<Invocation>;
  onLog?: (line: string) => void;
  /** Waits before the retries of a run that failed. */
  retryDelaysMs?: readonly number[];
};

const unitMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

// Asynchronous invocation: two retries, a minute and two minutes after the failure before them.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html (read 2026-11-20)
const asyncRetryDelaysMs = [60_000, 120_000];

/** The period of a rate expression in milliseconds; throws on any other, cron included. */
export function parseRateMs(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression.trim()) ?? [];
  const periodMs = Number(count) * (unitMs[unit ?? ''] ?? Number.NaN);
  if (!(periodMs > 0)) {
    throw new Error(`only rate(n minutes|hours|days) can run here: ${expression}`);
  }
  return periodMs;
}

/**
 * Invokes a function at once and then once a period, whether or not the run before has ended.
 * A failed run is logged and retried at most twice; so is a throttled one, which Lambda would try
 * again for hours, since the next period's run makes up for it here. `stop` ends the schedule and
 * its retries, but no run. Throws on an expression it cannot follow.
 */
export function startSchedule(schedule: Schedule): { stop(): void } {
  const periodMs = parseRateMs(schedule.expression);
  const stopping = new AbortController();
  const run = () => void runWithRetries(schedule, stopping.signal);
  const timer = setInterval(run, periodMs);
  run();
  return {
    stop: () => {
      clearInterval(timer);
      stopping.abort();
    },
  };
}

async function runWithRetries(schedule: Schedule, signal: AbortSignal): Promise<void> {
  const { name, ruleArn, invoke, onLog, retryDelaysMs = asyncRetryDelaysMs } = schedule;
  const event = scheduledEvent(ruleArn ?? `arn:aws:events:us-east-1:000000000000:rule/${name}`);
  for (const delayMs of [...retryDelaysMs, undefined]) {
    const fault = await invoke(name, event).then(faultOf, String);
    if (fault === undefined || signal.aborted) return;
    onLog?.(`a scheduled run of ${name} failed: ${fault}`);
    if (delayMs === undefined) return;
    await delay(delayMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

function faultOf(invocation: Invocation): string | undefined {
  switch (invocation.kind) {
    case 'buffered':
      return undefined;
    case 'throttled':
      return 'it was throttled';
    case 'error':
      return `${invocation.errorType}: ${invocation.errorMessage}`;
  }
}

function scheduledEvent(ruleArn: string): ScheduledEvent {
  const [, , , region = '', account = ''] = ruleArn.split(':');
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account,
    time: new Date().toISOString().replace(/\.\d{3}Z$/, 'Z'),
    region,
    resources: [ruleArn],
    detail: {},
  };
}
