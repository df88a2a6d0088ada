import { expect, test } from 'vitest';
import { billing, gbSeconds } from '../../../../bench/cost/billing.ts';
import { endLines } from '../../../../local/lambda/report-lines.ts';

const usage = { requestId: 'r', durationMs: 1499.2, initMs: 0, memoryMb: 1024, peakMemoryMb: 90 };

test('a REPORT line is read as one invocation, and other lines as none', () => {
  const bill = billing();
  for (const line of endLines({ ...usage, initMs: 500.5 }, undefined)) bill.hear(line, 'work');
  bill.hear('{"message":"Billed Duration: 9 ms"}', 'work');
  expect(bill.invocations).toEqual([{ by: 'work', billedMs: 2000, memoryMb: 1024 }]);
});

test('each line counts with its bytes and what CloudWatch adds', () => {
  const bill = billing();
  bill.hear('four', 'work');
  expect(bill.logBytes()).toBe(30);
});

test('GB-seconds are memory times billed time', () => {
  const half = { by: 'submit', billedMs: 500, memoryMb: 512 };
  expect(gbSeconds([half, { by: 'work', billedMs: 2000, memoryMb: 1024 }])).toBe(2.25);
});
