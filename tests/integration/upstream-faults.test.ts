import { expect, test } from 'vitest';
import { reply } from '../fixtures/raw-upstream.ts';
import { faultOf, outcomeOf, question, serve, upstreamAt } from './upstream-harness.ts';

const error = { message: 'Too much.', type: 'some_error', param: 'messages', code: 'some_code' };

/** The fault made of one answer. */
const faultOfReply = async (
  status: number,
  body: unknown = { error },
  headers: Record<string, string> = {},
) => {
  const { server, upstream } = await serve(({ socket }) =>
    socket.write(reply(status, body, headers)),
  );
  const fault = await faultOf(upstream);
  expect(server.exchanges, 'the request was repeated').toHaveLength(1);
  return fault;
};

const never = { kind: 'never' };
const later = (afterMs = 0) => ({ kind: 'later', afterMs });
const quick = (afterMs: number) => ({ kind: 'quick', afterMs });

for (const status of [400, 402, 404, 413, 422, 451]) {
  test(`${status} is the upstream's own error and final`, async () => {
    expect(await faultOfReply(status)).toMatchObject({
      code: 'upstream_rejected',
      message: 'Too much.',
      retry: never,
      reported: { status, type: 'some_error', param: 'messages', code: 'some_code' },
    });
  });
}

for (const [status, code] of [
  [408, 'upstream_error'],
  [409, 'upstream_error'],
  [425, 'upstream_error'],
  [429, 'upstream_rate_limited'],
  [500, 'upstream_error'],
  [502, 'upstream_error'],
  [503, 'upstream_unavailable'],
  [504, 'upstream_error'],
  [529, 'upstream_unavailable'],
] as const) {
  test(`${status} is retried later`, async () => {
    const fault = await faultOfReply(status);
    expect(fault).toMatchObject({ code, retry: later(), retryAfterMs: undefined });
    expect(fault.reported.code).toBe(code);
  });
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

for (const [status, headers, retry] of [
  [429, { 'retry-after': '2' }, quick(2_000)],
  [503, { 'retry-after': '0' }, quick(0)],
  [429, { 'retry-after-ms': '350', 'retry-after': '1' }, quick(350)],
  [503, { 'retry-after': '2.5' }, later(2_500)],
  [429, { 'retry-after': '3600' }, later(3_600_000)],
  [500, { 'retry-after': '1' }, later(1_000)],
  [429, { 'retry-after': 'soon' }, later()],
  [429, { 'retry-after': '-5' }, later()],
  [429, { 'retry-after': inSeconds(-60) }, quick(0)],
] as const) {
  test(`${status} with ${JSON.stringify(headers)} is retried as asked`, async () => {
    expect((await faultOfReply(status, { error }, headers)).retry).toEqual(retry);
  });
}

test('a date far ahead is waited for', async () => {
  const fault = await faultOfReply(429, { error }, { 'retry-after': inSeconds(300) });
  expect(fault.retry.kind).toBe('later');
  expect(fault.retryAfterMs).toBeGreaterThan(290_000);
  expect(fault.retryAfterMs).toBeLessThanOrEqual(300_000);
});

test('the upstream decides whether it is worth trying again', async () => {
  const no = { 'x-should-retry': 'false' };
  expect((await faultOfReply(429, { error }, no)).retry).toEqual(never);
  expect((await faultOfReply(500, { error }, no)).retry).toEqual(never);
  const yes = { 'x-should-retry': 'true' };
  expect((await faultOfReply(404, { error }, yes)).retry).toEqual(later());
});

test('a spent quota is final, whatever else the answer says', async () => {
  const spent = { error: { message: 'Buy more.', type: 'insufficient_quota', code: null } };
  expect(await faultOfReply(429, spent, { 'retry-after': '1' })).toMatchObject({
    code: 'upstream_rejected',
    retry: never,
    reported: { status: 429, type: 'insufficient_quota' },
  });
});

for (const status of [401, 403]) {
  test(`${status} is about this service's key, which is never shown`, async () => {
    const key = { message: 'Incorrect API key provided: sk-test-******7890.', code: 'bad_key' };
    const fault = await faultOfReply(status, { error: key });
    expect(fault).toMatchObject({
      code: 'upstream_credentials',
      retry: never,
      reported: { status: 502, type: 'upstream_error', code: 'upstream_credentials' },
    });
    expect(fault.message).toContain("service's own key");
    expect(fault.message).not.toContain('sk-');
  });
}

test('keys and accounts are not repeated to the client', async () => {
  const message = 'Key sk-test-1234567890 of org-AbCdEf123456 may not.';
  const fault = await faultOfReply(400, { error: { message } });
  expect(fault.message).toBe('Key [redacted] of [redacted] may not.');
});

for (const [what, body, message] of [
  ["Google's list", [{ error: { code: 400, message: 'Bad.', status: 'INVALID' } }], 'Bad.'],
  ["older vLLM's flat error", { object: 'error', message: 'Bad.', code: 400 }, 'Bad.'],
  ['a plain text in error', { error: 'Bad.' }, 'Bad.'],
  [
    "FastAPI's list",
    { detail: [{ loc: ['body', 'messages', 0], msg: 'Bad.', type: 'missing' }] },
    'messages.0: Bad.',
  ],
  ["FastAPI's text", { detail: 'Bad.' }, 'Bad.'],
] as const) {
  test(`${what} is read`, async () => {
    const fault = await faultOfReply(400, body);
    expect(fault).toMatchObject({ code: 'upstream_rejected', message, retry: never });
    expect(fault.reported.status).toBe(400);
  });
}

test("a proxy's page is not passed on", async () => {
  const page = '<html><title>secret-host-17</title></html>';
  const html = { 'content-type': 'text/html' };
  for (const [status, retry] of [
    [502, later()],
    [404, never],
  ] as const) {
    const fault = await faultOfReply(status, page, html);
    expect(fault).toMatchObject({ code: 'upstream_error', retry });
    expect(fault.message).not.toContain('secret');
    expect(fault.message).toContain(`${status}`);
  }
});

test('a redirect is not followed', async () => {
  const fault = await faultOfReply(308, '', { location: 'http://127.0.0.1:1/' });
  expect(fault).toMatchObject({ code: 'upstream_error', retry: never });
});

test('a refused connection is a quick retry and names the reason, not the host', async () => {
  const { server } = await serve(() => undefined);
  await server.close();
  const fault = await faultOf(upstreamAt(server.baseUrl));
  expect(fault).toMatchObject({ code: 'upstream_unreachable', retry: quick(0) });
  expect(fault.message).toContain('ECONNREFUSED');
  expect(fault.message).not.toContain('127.0.0.1');
});

test('a connection closed in place of the answer may have been paid for, so it is a cut', async () => {
  const { upstream } = await serve(({ socket }) => socket.destroy());
  expect(await faultOf(upstream)).toMatchObject({ code: 'upstream_cut', retry: later() });
});

test('an answer that is not HTTP is malformed', async () => {
  const { upstream } = await serve(({ socket }) => socket.end('220 mail.example ESMTP\r\n'));
  expect(await faultOf(upstream)).toMatchObject({ code: 'upstream_malformed', retry: later() });
});

test('a key that cannot be read is retried later, and its reason stays inside', async () => {
  const upstream = upstreamAt('http://127.0.0.1:1/v1', {
    apiKey: () => Promise.reject(new Error('no parameter /prod/key')),
  });
  const { thrown } = await outcomeOf(upstream, question);
  expect(thrown).toMatchObject({ code: 'upstream_unavailable', retry: later() });
  expect(String(thrown)).not.toContain('/prod/key');
});
