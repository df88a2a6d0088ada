import { describe, expect, it } from 'vitest';
import { admit } from '../../../lib/job/admit.ts';

const question = { respondAsync: false, waitMs: 25_000, maxOutputTokens: undefined };

describe('admit', () => {
  it('queues what its client prefers not to wait for', () => {
    expect(admit({ ...question, respondAsync: true }).decision).toBe('queued');
    expect(admit({ ...question, waitMs: 0 }).decision).toBe('queued');
  });

  it('queues what asks for more output than fits a wait', () => {
    expect(admit({ ...question, maxOutputTokens: 4_000 }).decision).toBe('queued');
    expect(admit({ ...question, maxOutputTokens: 200 }).decision).toBe('inline');
  });

  it('runs the rest inline, and always says why', () => {
    expect(admit(question)).toEqual({ decision: 'inline', why: expect.stringMatching(/./) });
  });
});
