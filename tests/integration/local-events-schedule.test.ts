import type { ScheduledEvent } from 'aws-lambda';
import { afterEach, expect, test, vi } from 'vitest';
import { parseRateMs, type Schedule, startSchedule } from '../../local/events/schedule.ts';
import type { Invocation } from '../../local/lambda/lambda.ts';

const stopping: (() => void)[] = [];

afterEach(() => {
  for (const stop of stopping.splice(0)) stop();
  vi.useRealTimers();
});

const done: Invocation = { kind: 'buffered', payload: null, requestId: 'r' };
const failed: Invocation = {
  kind: 'error',
  errorType: 'TypeError',
  errorMessage: 'no table',
  requestId: 'r',
  reason: 'handled',
};

function start(invoke: () => Promise<Invocation>, overrides: Partial<Schedule> = {}) {
  const events: ScheduledEvent[] = [];
  const logged: string[] = [];
  const { stop } = startSchedule({
    name: 'sweep',
    expression: 'rate(1 minute)',
    ruleArn: 'arn:aws:events:eu-central-1:000000000000:rule/sweep',
    onLog: (line) => logged.push(line),
    ...overrides,
    invoke: (_name, event) => {
      events.push(event);
      return invoke();
    },
  });
  stopping.push(stop);
  return { events, logged, stop };
}

test.each([
  ['rate(1 minute)', 60_000],
  ['rate(5 minutes)', 300_000],
  ['rate(2 hours)', 7_200_000],
  ['rate(1 day)', 86_400_000],
])('%s is a period of %i ms', (expression, periodMs) => {
  expect(parseRateMs(expression)).toBe(periodMs);
});

test.each(['rate(0 minutes)', 'rate(1 second)', 'cron(0 12 * * ? *)', 'every minute', ''])(
  'the expression %j is refused',
  (expression) => {
    expect(() => parseRateMs(expression)).toThrow('rate(n minutes|hours|days)');
  },
);

test('the first run is at once, with the event of a scheduled rule', () => {
  const { events } = start(async () => done);
  expect(events).toEqual([
    {
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'eu-central-1',
      resources: ['arn:aws:events:eu-central-1:000000000000:rule/sweep'],
      detail: {},
    },
  ]);
});

test('a run follows each period, until it is stopped', async () => {
  vi.useFakeTimers();
  const { events, stop } = start(async () => done);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(events).toHaveLength(4);
  expect(new Set(events.map(({ id }) => id)).size).toBe(4);
  stop();
  await vi.advanceTimersByTimeAsync(180_000);
  expect(events).toHaveLength(4);
});

test.each([
  ['fails', async () => failed],
  ['is throttled', async (): Promise<Invocation> => ({ kind: 'throttled' })],
  ['cannot be started', () => Promise.reject(new Error('closed'))],
])('a run that %s is retried twice with the same event, and logged', async (_what, invoke) => {
  const { events, logged } = start(invoke, { retryDelaysMs: [5, 5] });
  await expect.poll(() => logged).toHaveLength(3);
  expect(events).toHaveLength(3);
  expect(new Set(events.map(({ id }) => id)).size).toBe(1);
});

test('a run that succeeds at its second try is not tried again', async () => {
  let tries = 0;
  const { events, logged } = start(
    async () => {
      tries += 1;
      return tries === 1 ? failed : done;
    },
    { retryDelaysMs: [5, 5] },
  );
  await expect.poll(() => events).toHaveLength(2);
  expect(logged).toEqual(['a scheduled run of sweep failed: TypeError: no table']);
});
