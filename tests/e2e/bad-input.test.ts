import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { patientFetch } from '../fixtures/patient-fetch.ts';
import { answerOf, type Service, startService } from '../fixtures/service.ts';

let demo: DemoModel;
let service: Service;
beforeAll(async () => {
  demo = await startDemoModel();
  service = await startService({ OPENAI_BASE_URL: demo.baseUrl, OPENAI_MODEL: 'demo' });
});
afterAll(async () => {
  await service.interrupt();
  const log = await fetch(new URL('/_demo/generations', demo.baseUrl));
  await demo.close();
  // None of the requests of this file may have cost anything.
  expect(await log.json()).toEqual([]);
});

const json = { 'content-type': 'application/json' };
const key = { authorization: 'Bearer sk-outlast-local' };

const send = async (body: string | undefined, headers: Record<string, string>, method = 'POST') =>
  answerOf(
    await patientFetch(`${service.url}/generate`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    }),
  );

/** What is sent, and of the answer: status, code, param and a word of the message. */
const bodies: readonly (readonly [string, string, number, string, string | null, RegExp])[] = [
  ['not JSON', '{"prompt": ', 400, 'invalid_json', null, /JSON/],
  ['nothing', '', 400, 'invalid_json', null, /JSON|empty/],
  ['an array', '[]', 400, 'invalid_value', null, /object/],
  ['null', 'null', 400, 'invalid_value', null, /object/],
  ['neither prompt nor messages', '{}', 400, 'missing_required_parameter', 'prompt', /messages/],
  [
    'both',
    '{"prompt":"a","messages":[{"role":"user","content":"a"}]}',
    400,
    'invalid_value',
    'messages',
    /both/,
  ],
  ['an empty prompt', '{"prompt":"  "}', 400, 'invalid_value', 'prompt', /blank/],
  ['a prompt of the wrong type', '{"prompt":7}', 400, 'invalid_value', 'prompt', /string/],
  ['no messages', '{"messages":[]}', 400, 'invalid_value', 'messages', /message/],
  [
    'a message without a role',
    '{"messages":[{"content":"a"}]}',
    400,
    'missing_required_parameter',
    'messages[0].role',
    /role/,
  ],
  [
    'an unknown field',
    '{"prompt":"a","promt":1,"x":2}',
    400,
    'unknown_parameter',
    'promt',
    /promt.*x/,
  ],
  [
    'negative tokens',
    '{"prompt":"a","max_output_tokens":-1}',
    400,
    'invalid_value',
    'max_output_tokens',
    /1/,
  ],
  [
    'huge tokens',
    '{"prompt":"a","max_output_tokens":1e300}',
    400,
    'invalid_value',
    'max_output_tokens',
    /1/,
  ],
  [
    'a hot temperature',
    '{"prompt":"a","temperature":3}',
    400,
    'invalid_value',
    'temperature',
    /0 to 2/,
  ],
  ['a model that is none', '{"prompt":"a","model":""}', 400, 'invalid_value', 'model', /model/],
  [
    'metadata that is none',
    '{"prompt":"a","metadata":[1]}',
    400,
    'invalid_value',
    'metadata',
    /object/,
  ],
];

describe.concurrent('bad input', () => {
  for (const [what, body, status, code, param, message] of bodies) {
    it(`${what} is refused with the field's name`, async () => {
      const answer = await send(body, { ...json, ...key });
      expect(answer.status).toBe(status);
      expect(answer.body.error).toMatchObject({ type: 'invalid_request_error', code, param });
      expect(answer.body.error?.message).toMatch(message);
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    });
  }

  it('a body over the limit is 413, below and above what a gateway takes', async () => {
    for (const bytes of [4.5e6, 11e6]) {
      const answer = await send(JSON.stringify({ prompt: 'x'.repeat(bytes) }), { ...json, ...key });
      expect(answer.status).toBe(413);
      expect(answer.body.error).toMatchObject({ type: 'invalid_request_error' });
    }
  });

  it('a body that is not declared as JSON is 415', async () => {
    const answer = await send('{"prompt":"a"}', {
      ...key,
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer).toMatchObject({
      status: 415,
      body: { error: { code: 'unsupported_media_type' } },
    });
    expect(answer.body.error?.message).toContain('application/json');
  });

  it('another method is 405 and names the right ones', async () => {
    const answer = await send(undefined, key, 'GET');
    expect(answer).toMatchObject({ status: 405, body: { error: { code: 'method_not_allowed' } } });
    expect(answer.headers.get('allow')).toContain('POST');
  });

  it('headers of ours that make no sense are 400 and named', async () => {
    for (const [name, value] of [
      ['X-Deadline-Ms', 'soon'],
      ['X-Deadline-Ms', '-5'],
      ['X-Result-TTL', '1'],
    ] as const) {
      const answer = await send('{"prompt":"a"}', { ...json, ...key, [name]: value });
      expect(answer).toMatchObject({ status: 400, body: { error: { param: name } } });
    }
  });

  it('no key and a wrong key are 401 in the error shape', async () => {
    for (const headers of [
      {},
      { authorization: 'Bearer sk-outlast-nobody' },
      { authorization: 'Basic eA==' },
    ]) {
      const answer = await send('{"prompt":"a"}', { ...json, ...headers });
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } });
    }
  });

  it('an unknown route is 404 in the error shape', async () => {
    for (const path of ['/', '/generate/x', '/results', '/v1/nothing']) {
      const answer = await answerOf(await fetch(`${service.url}${path}`));
      expect(answer.status, path).toBe(404);
      expect(answer.body.error?.message).toBeTruthy();
    }
  });
});
