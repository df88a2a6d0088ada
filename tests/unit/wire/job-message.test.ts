import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJobMessage } from '../../../lib/wire/job-message.ts';

describe('a queue message', () => {
  it('is read with its version, job and epoch', () => {
    expect(parseJobMessage('{"v":1,"jobId":"gen_1","epoch":2}')).toEqual({
      v: 1,
      jobId: 'gen_1',
      epoch: 2,
    });
  });

  it.each([
    '',
    'null',
    '[]',
    '{"v":2,"jobId":"gen_1","epoch":2}',
    '{"v":1,"jobId":"","epoch":2}',
    '{"v":1,"jobId":"gen_1"}',
    '{"v":1,"jobId":"gen_1","epoch":-1}',
    '{"v":1,"jobId":"gen_1","epoch":"2"}',
  ])('%j is none', (body) => {
    expect(parseJobMessage(body)).toBeUndefined();
  });

  it('any text is read without an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => parseJobMessage(body) === undefined),
    );
  });
});
