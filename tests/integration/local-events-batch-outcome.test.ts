import { expect, test } from 'vitest';
import { readBatchOutcome } from '../../local/events/batch-outcome.ts';

const ids = new Set(['one', 'two']);

test.each([
  null,
  undefined,
  {},
  { batchItemFailures: null },
  { batchItemFailures: [] },
  { unrelated: true },
])('%j means that every message succeeded', (response) => {
  expect(readBatchOutcome(response, ids)).toEqual({ kind: 'failed', messageIds: new Set() });
});

test('named messages failed, and only they', () => {
  const response = { batchItemFailures: [{ itemIdentifier: 'two' }, { itemIdentifier: 'two' }] };
  expect(readBatchOutcome(response, ids)).toEqual({
    kind: 'failed',
    messageIds: new Set(['two']),
  });
});

test.each([
  'done',
  7,
  [],
  { batchItemFailures: 'two' },
  { batchItemFailures: ['two'] },
  { batchItemFailures: [{ itemIdentifier: '' }] },
  { batchItemFailures: [{ itemIdentifier: null }] },
  { batchItemFailures: [{ messageId: 'two' }] },
  { batchItemFailures: [{ itemIdentifier: 'three' }] },
  { batchItemFailures: [{ itemIdentifier: 'one' }, { itemIdentifier: 'three' }] },
])('%j fails the whole batch', (response) => {
  expect(readBatchOutcome(response, ids)).toEqual({ kind: 'all-failed' });
});
