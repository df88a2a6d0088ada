import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalServer, openLocalServer } from '../../local/gateway/local-server.ts';
import { exchange } from '../fixtures/hostile-client.ts';

let server: LocalServer;
let baseUrl: string;
const heard: string[] = [];
beforeAll(async () => {
  server = await openLocalServer(0);
  server.serve((incoming, response) => {
    heard.push(incoming.url ?? '');
    response.end();
  });
  baseUrl = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server.close();
  expect(heard).toEqual([]);
});

describe.concurrent('a request that is not what HTTP says', () => {
  const head = 'Host: localhost\r\nConnection: close\r\n';
  const chunked = 'Transfer-Encoding: chunked\r\n';
  it.each<readonly [string, string | Buffer, RegExp]>([
    ['an expectation of its own', `GET /health HTTP/1.1\r\n${head}Expect: tea\r\n\r\n`, /^417/],
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', /^403/],
    ['two Hosts', `GET /health HTTP/1.1\r\n${head}Host: evil.example\r\n\r\n`, /^400/],
    ['another Host', 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', /^403/],
    ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\n${head}\r\n`, /^405/],
    [
      'two lengths',
      `POST / HTTP/1.1\r\n${head}Content-Length: 1\r\n${chunked}\r\n0\r\n\r\n`,
      /^400/,
    ],
    ['a folded header', `GET /health HTTP/1.1\r\n${head}X: 1\r\n 2\r\n\r\n`, /^400/],
    ['headers of 20 kB', `GET / HTTP/1.1\r\n${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, /^431/],
    ['bytes that are no HTTP', Buffer.from([0, 255, 13, 10, 13, 10]), /^400/],
  ])('is refused in the error shape: %s', async (_, bytes, status) => {
    const [top = '', ...rest] = (await exchange(baseUrl, bytes)).split('\r\n\r\n');
    expect(top.replace('HTTP/1.1 ', '')).toMatch(status);
    expect(top).toMatch(/^x-request-id: \S/im);
    expect(rest.join()).toMatch(/\{"error":\{"message":"[^"]+","type":"invalid_request_error"/);
  });
});
