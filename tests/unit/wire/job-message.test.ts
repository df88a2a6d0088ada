import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJobMessage } from '../../../lib/wire/job-message.ts';

describe('a queue message', () => {
  it('is read with its version, job and epoch, whatever else it carries', () => {
    const message = { v: 1, jobId: 'gen_1', epoch: 2 };
    const later = { ...message, addedLater: true };
    for (const body of [message, later]) {
      expect(readJobMessage(JSON.stringify(body))).toEqual({ kind: 'message', message });
    }
  });

  it.each(['{"v":2,"jobId":"gen_1","epoch":2}', '{"v":99}'])(
    '%s is of a later version, whatever that looks like',
    (body) => {
      expect(readJobMessage(body)).toMatchObject({ kind: 'newer' });
    },
  );

  it.each([
    ['', 'not JSON'],
    ['null', 'not a job message'],
    ['[]', 'not a job message'],
    ['{"v":"2","jobId":"gen_1","epoch":2}', 'not a job message (fields: v)'],
    ['{"v":0,"jobId":"gen_1","epoch":2}', 'not a job message (fields: v)'],
    ['{"v":1,"jobId":"","epoch":2}', 'not a job message (fields: jobId)'],
    ['{"v":1,"jobId":"gen_1"}', 'not a job message (fields: epoch)'],
    ['{"v":1,"jobId":"gen_1","epoch":-1}', 'not a job message (fields: epoch)'],
    ['{"v":1,"jobId":"gen_1","epoch":"2"}', 'not a job message (fields: epoch)'],
  ])('%j is none, and why is said without what it holds', (body, why) => {
    expect(readJobMessage(body)).toEqual({ kind: 'unreadable', why });
  });

  it('any text is read without an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json()),
        (body) => readJobMessage(body).kind !== 'message',
      ),
    );
  });
});
