import { expect, it } from 'vitest';
import { type EndpointHealth, healthAfter } from '../../../lib/callback/endpoint-health.ts';
import { after } from '../../../lib/job/time.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const atHour = (hour: number) => after(noonMs, hour * 3_600_000);

/** The health after answers written as "status@hour". */
const afterAnswers = (...answers: readonly string[]): EndpointHealth =>
  answers.reduce<EndpointHealth>((health, answer) => {
    const [status, hour] = answer.split('@').map(Number);
    const answered = { status: status ?? 0, retryAfterMs: undefined, firstBytes: '', tookMs: 1 };
    return healthAfter(health, { kind: 'answered', ...answered }, atHour(hour ?? 0));
  }, {});

it('an endpoint that failed for 5 days is disabled, counted from its first failure', () => {
  expect(afterAnswers('500@0', '500@60', '500@119').disabled).toBeUndefined();
  expect(afterAnswers('500@0', '302@120')).toEqual({ failingSinceMs: noonMs, disabled: 'failing' });
});

it('one success begins the 5 days anew', () => {
  expect(afterAnswers('500@0', '200@60', '500@61', '500@120')).toEqual({
    failingSinceMs: atHour(61),
  });
  expect(afterAnswers('500@0', '204@1').failingSinceMs).toBeUndefined();
});

it('410 disables an endpoint at once', () => {
  expect(afterAnswers('200@0', '410@1').disabled).toBe('gone');
});

it('a late success does not enable what was disabled', () => {
  expect(afterAnswers('410@0', '200@1').disabled).toBe('gone');
  expect(afterAnswers('500@0', '500@120', '410@121').disabled).toBe('failing');
});
