import { describe, expect, it, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { admitTarget, parseEndpointRequest } from '../../../lib/wire/callback-request.ts';
import { parseChatRequest } from '../../../lib/wire/chat/request.ts';
import { parseGenerateRequest, storedGenerateRequest } from '../../../lib/wire/generate-request.ts';
import { parseResponsesRequest } from '../../../lib/wire/responses/request.ts';

const url = 'https://hooks.example.com/jobs?key=1';
const messages = [{ role: 'user', content: 'Hi' }];

const refused = (act: () => unknown) => {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.reported;
    throw thrown;
  }
  throw new Error('not refused');
};

describe('a request’s callback', () => {
  const callback = { url, events: ['response.failed', 'response.failed'] };

  test.each([
    ['generate', parseGenerateRequest({ prompt: 'Hi', callback })],
    ['responses', parseResponsesRequest({ input: 'Hi', callback })],
    ['chat', parseChatRequest({ messages, callback })],
  ])('of %s is read, each event once', (_, request) => {
    expect(request.callback).toEqual({ url, events: ['response.failed'] });
  });

  it('is neither kept with the request nor part of what is passed on', () => {
    const generate = parseGenerateRequest({ prompt: 'Hi', callback });
    expect(storedGenerateRequest(generate)).not.toHaveProperty('callback');
    expect(parseResponsesRequest({ input: 'Hi', callback }).body).not.toHaveProperty('callback');
    expect(parseChatRequest({ messages, callback }).body).not.toHaveProperty('callback');
    expect(parseChatRequest({ messages, callback: null }).body).not.toHaveProperty('callback');
  });

  test.each([
    [{}, 'callback.url'],
    [{ url: 7 }, 'callback.url'],
    ['https://hooks.example.com', 'callback'],
    [{ url, events: [] }, 'callback.events'],
    [{ url, events: ['response.begun'] }, 'callback.events[0]'],
  ])('%j is refused by name', (wrong, param) => {
    for (const act of [
      () => parseGenerateRequest({ prompt: 'Hi', callback: wrong }),
      () => parseResponsesRequest({ input: 'Hi', callback: wrong }),
      () => parseChatRequest({ messages, callback: wrong }),
    ]) {
      expect(refused(act)).toMatchObject({ status: 400, param });
    }
  });
});

describe('an endpoint’s request', () => {
  it('is a URL, and events if not all', () => {
    expect(parseEndpointRequest({ url })).toEqual({ url });
    expect(parseEndpointRequest({ url, events: null })).toEqual({ url });
  });

  it('holds nothing else', () => {
    const wrong = { url, secret: 'whsec_x' };
    expect(refused(() => parseEndpointRequest(wrong))).toMatchObject({
      code: 'unknown_parameter',
      param: 'secret',
    });
    expect(refused(() => parseEndpointRequest([]))).toMatchObject({ code: 'invalid_value' });
  });
});

describe('a target', () => {
  const anywhere = { allowHttpLoopback: false, hosts: undefined };
  it('is refused under the name it was given by', () => {
    expect(refused(() => admitTarget('http://hooks.example.com/', 'url', anywhere))).toMatchObject({
      status: 400,
      param: 'url',
    });
  });

  it('has to be one of the tenant’s hosts, should it have a list', () => {
    expect(() => admitTarget(url, 'url', anywhere)).not.toThrow();
    expect(() => admitTarget(url, 'url', { ...anywhere, hosts: ['*.example.com'] })).not.toThrow();
    for (const hosts of [[], ['hooks.example.org']]) {
      expect(refused(() => admitTarget(url, 'url', { ...anywhere, hosts }))).toMatchObject({
        status: 400,
        param: 'url',
      });
    }
  });
});
