import { expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { explain, isUnreachable } from '../../../scripts/aws/explain.ts';

const named = (name: string, message: string, fields: object = {}): Error =>
  Object.assign(new Error(message), { name, ...fields });

const inStore = (cause: Error): Fault =>
  new Fault('store_unavailable', 'The job store cannot be reached at the moment.', { cause });

test('what lies beneath a fault is what is said', () => {
  expect(explain(inStore(named('AccessDeniedException', 'User: x may not dynamodb:Query')))).toBe(
    'The credentials may not do this: User: x may not dynamodb:Query',
  );
  expect(explain(inStore(named('ResourceNotFoundException', 'Requested resource not found')))).toBe(
    'ResourceNotFoundException: Requested resource not found',
  );
});

test('missing credentials are told from bad ones', () => {
  const none = named('CredentialsProviderError', 'Could not load credentials from any providers');
  expect(explain(none)).toMatch(/^There are no AWS credentials: set AWS_PROFILE/);
  const expired = named('CredentialsProviderError', 'Token is expired. Run aws sso login');
  expect(explain(expired)).toContain('(Token is expired. Run aws sso login)');
  expect(explain(named('InvalidClientTokenId', 'The token is invalid'))).toMatch(/^AWS refuses/);
});

test('an address where nobody answers is told by the code of the socket', () => {
  const refused = inStore(named('AggregateError', '', { code: 'ECONNREFUSED' }));
  expect(isUnreachable(refused)).toBe(true);
  expect(explain(refused)).toMatch(/^AWS cannot be reached \(ECONNREFUSED\)/);
  expect(isUnreachable(inStore(named('ValidationException', 'bad')))).toBe(false);
});

test('it is one line without a stack, whatever is thrown', () => {
  for (const thrown of [
    new Error('one\ntwo\n    at three'),
    'text',
    undefined,
    inStore(new Error()),
  ]) {
    expect(explain(thrown)).toMatch(/^[^\n]*$/);
    expect(explain(thrown)).not.toMatch(/\bat /);
  }
});
