import { expect, test } from 'vitest';
import { bufferedResponse } from '../../../../local/gateway/buffered-response.ts';

test('both kinds of headers are sent, and a value that is in both once', () => {
  const payload = {
    statusCode: '201',
    headers: { 'X-A': 1, 'x-b': 'two' },
    multiValueHeaders: { 'X-B': ['one', 'two'] },
    body: 'é',
  };
  expect(bufferedResponse(payload, [])).toEqual({
    statusCode: 201,
    headers: [
      ['X-B', ['one', 'two']],
      ['X-A', ['1']],
    ],
    body: Buffer.from('é'),
  });
});

test('base64 is undone only by an API that has binary types', () => {
  const payload = { statusCode: 200, body: 'AP8=', isBase64Encoded: true };
  expect(bufferedResponse(payload, ['image/*'])?.body).toEqual(Buffer.from([0, 255]));
  expect(bufferedResponse(payload, [])?.body).toEqual(Buffer.from('AP8='));
});

test.each([null, 'text', [], {}, { statusCode: 'x' }, { statusCode: 200, body: { a: 1 } }])(
  '%j is no proxy response',
  (payload) => {
    expect(bufferedResponse(payload, [])).toBeUndefined();
  },
);
