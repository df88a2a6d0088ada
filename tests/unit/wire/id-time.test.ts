import { expect, test } from 'vitest';
import { systemIds } from '../../../lib/adapters/system-ids.ts';
import { idTimeMs } from '../../../lib/wire/id-time.ts';

test('an id tells when it was made', () => {
  const before = Date.now();
  const madeAtMs = idTimeMs(`chatcmpl_${systemIds().next()}`) ?? 0;
  expect(madeAtMs).toBeGreaterThanOrEqual(before);
  expect(madeAtMs).toBeLessThanOrEqual(Date.now());
});

test.each(['', 'gen_', 'gen_0192', 'gen_zz', `${'0'.repeat(32)}`])('%j tells nothing', (id) => {
  expect(idTimeMs(id)).toBeUndefined();
});
