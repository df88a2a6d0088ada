import { describe, expect, it } from 'vitest';
import { baseUrlOf, parseProxyEvent, splitPath } from '../../../lib/middleware/proxy-event.ts';
import { proxyEvent } from './proxy-event.ts';

const result = { resource: '/results/{id}', pathParameters: { id: 'gen_1' } };
const baseUrl = (fields: Record<string, unknown>, context: Record<string, unknown>, own?: string) =>
  baseUrlOf(parseProxyEvent(proxyEvent(fields, { domainName: 'api.test', ...context })), own);

describe('the base URL', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    [
      "the stage on API Gateway's own domain",
      { ...result, path: '/results/gen_1' },
      { path: '/dev/results/gen_1' },
      '/dev',
    ],
    [
      'nothing on a custom domain',
      { ...result, path: '/results/gen_1' },
      { path: '/results/gen_1' },
      '',
    ],
    [
      'the base path of a custom domain, which `path` holds too',
      { ...result, path: '/llm/results/gen_1' },
      { path: '/llm/results/gen_1' },
      '/llm',
    ],
    [
      'a base path of several segments',
      { path: '/a/b/generate' },
      { path: '/a/b/generate' },
      '/a/b',
    ],
    [
      'a base path named like the route',
      { path: '/generate/generate' },
      { path: '/generate/generate' },
      '/generate',
    ],
    [
      'the stage under a trailing slash',
      { path: '/generate/' },
      { path: '/dev/generate/' },
      '/dev',
    ],
    [
      'the stage of a greedy route',
      { resource: '/{all+}', pathParameters: { all: 'a/b/c' }, path: '/a/b/c' },
      { path: '/dev/a/b/c' },
      '/dev',
    ],
    ['the stage at the root', { resource: '/', path: '/' }, { path: '/dev/' }, '/dev'],
    [
      'what the path tells when the resource is not known',
      { resource: null, path: '/generate' },
      { path: '/dev/generate' },
      '/dev',
    ],
  ])('ends in %s', (_, fields, context, base) => {
    expect(baseUrl(fields, context)).toBe(`https://api.test${base}`);
  });

  it('is the configured one when there is one', () => {
    expect(baseUrl({}, {}, 'https://llm.test/v1/')).toBe('https://llm.test/v1');
    expect(baseUrl({}, { domainName: null }, 'http://127.0.0.1:3000')).toBe(
      'http://127.0.0.1:3000',
    );
  });

  it('is never taken from what the client says', () => {
    const headers = {
      Host: 'evil.test',
      'X-Forwarded-Host': 'evil.test',
      Forwarded: 'host=evil.test',
    };
    expect(baseUrl({ headers, multiValueHeaders: { Host: ['evil.test'] } }, {})).not.toContain(
      'evil',
    );
  });

  it('cannot be told without a domain', () => {
    expect(() => baseUrl({}, { domainName: null })).toThrow('PUBLIC_BASE_URL');
  });
});

it('the path is the route, wherever the API is mounted', () => {
  const paths = ['/dev/generate', '/llm/generate', '/generate'];
  const routes = paths.map((path) => splitPath(parseProxyEvent(proxyEvent({}, { path }))).route);
  expect(routes).toEqual(['/generate', '/generate', '/generate']);
});
