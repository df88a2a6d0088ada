import { expect, test } from 'vitest';
import { drawMix, long, middle, short, tokensOf } from '../../../../bench/cost/mix.ts';
import { costUsd } from '../../../../bench/cost/prices.ts';
import { amountsOf, totalUsd, type Use, useBy, withoutIdle } from '../../../../bench/cost/use.ts';

const use: Use = {
  invocations: [
    { by: 'work', billedMs: 1000, memoryMb: 1024 },
    { by: 'sweep', billedMs: 1000, memoryMb: 1024 },
  ],
  tableCalls: [
    { by: 'work', action: 'dynamodb:PutItem', partition: 'a', readUnits: 0, writeUnits: 3 },
    { by: 'sweep', action: 'dynamodb:Query', partition: undefined, readUnits: 0.5, writeUnits: 0 },
  ],
  queueCalls: [
    { by: 'event source', action: 'sqs:ReceiveMessage', messages: 0 },
    { by: 'event source', action: 'sqs:ReceiveMessage', messages: 4 },
  ],
  logBytes: 1e9,
  requests: 2,
  repeats: 0,
};

test('what a stage does without jobs is told apart from what jobs cause', () => {
  expect(amountsOf(withoutIdle(use))).toEqual({
    ...{ gbSeconds: 1, invocations: 1, queueRequests: 1, fairRequests: 1 },
    ...{ writeUnits: 3, readUnits: 0, apiRequests: 2, logBytes: 1e9 },
  });
});

test('the use of one function is its own calls alone', () => {
  expect(amountsOf(useBy(use, 'sweep'))).toMatchObject({ gbSeconds: 1, readUnits: 0.5 });
});

test('amounts of a thousand cost a thousand times those of one', () => {
  expect(totalUsd(amountsOf(use, 1000))).toBeCloseTo(1000 * totalUsd(amountsOf(use)), 9);
});

test('a price is for the units it names', () => {
  expect(costUsd('writeUnits', 2e6)).toBe(1.25);
  expect(costUsd('gbSeconds', 1e6)).toBeCloseTo(13.3334, 9);
});

test('the mix is seven short, two middle and one long of ten', () => {
  const mix = drawMix(1000);
  const count = (kind: typeof short) => mix.filter((one) => one === kind).length;
  expect([count(short), count(middle), count(long)]).toEqual([700, 200, 100]);
  expect(tokensOf(long)).toBe(100 * tokensOf(short));
});
