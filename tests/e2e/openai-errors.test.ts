import OpenAI, { type APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

type ErrorClass = abstract new (...args: never[]) => APIError;

/** What a model does; of the error: its class, status, code and param; how often it was tried. */
const failures: readonly (readonly [
  string,
  string,
  ErrorClass,
  number,
  string,
  string | null,
  number,
])[] = [
  ['a bad request', 'fault=400', OpenAI.BadRequestError, 400, 'invalid_request', null, 1],
  [
    'a context that is too long',
    'fault=context_length',
    OpenAI.BadRequestError,
    400,
    'context_length_exceeded',
    'messages',
    1,
  ],
  [
    'a refusal by its safety system',
    'fault=content_policy',
    OpenAI.BadRequestError,
    400,
    'content_policy_violation',
    null,
    1,
  ],
  ['an unknown model', 'fault=404', OpenAI.NotFoundError, 404, 'model_not_found', null, 1],
  [
    'what cannot be processed',
    'fault=422',
    OpenAI.UnprocessableEntityError,
    422,
    'invalid_request',
    null,
    1,
  ],
  [
    'a quota that is used up',
    'fault=insufficient_quota',
    OpenAI.RateLimitError,
    429,
    'insufficient_quota',
    null,
    1,
  ],
  [
    'a key of ours that it refuses',
    'fault=401',
    OpenAI.InternalServerError,
    502,
    'upstream_credentials',
    null,
    1,
  ],
  ['a failure that lasts', 'fault=500', OpenAI.InternalServerError, 502, 'upstream_error', null, 4],
];

describe.concurrent.each([
  ['a response', 'demo', 'plain'],
  ['a response', 'demo-chat', 'plain'],
  ['a response', 'demo', 'stream'],
  ['a completion', 'demo-chat', 'chat'],
  ['a completion', 'demo-chat', 'chat stream'],
])('OpenAI’s client asking for %s of %s (%s) meets', (_, model, mode) => {
  const ask = async (client: OpenAI, asked: string, prompt: string): Promise<unknown> => {
    const stream = mode.endsWith('stream');
    const opened = mode.startsWith('chat')
      ? client.chat.completions.create({
          model: asked,
          messages: [{ role: 'user', content: prompt }],
          stream,
        })
      : client.responses.create({ model: asked, input: prompt, stream });
    const answer = await opened;
    if (Symbol.asyncIterator in answer) for await (const event of answer) raise(event);
    return answer;
  };
  /** A stream that has begun tells of a failure with its last event. */
  const raise = (event: object): void => {
    if ('type' in event && event.type === 'response.failed') throw new Error('response.failed');
  };

  it.each(failures)('%s as its own class of error', async (what, fault, kind, ...expected) => {
    const [status, code, param, tries] = expected;
    const prompt = `${what}, ${model} ${mode}`;
    // A model of its own: the circuit of one that fails is not another's to meet.
    const asked = `${model}?${fault}&key=${mode.replace(' ', '-')}`;
    const failed = await ask(api.client, asked, prompt).then(
      () => undefined,
      (error: unknown) => error,
    );
    // After ten seconds of attempts, on a slow machine, a stream begins before it is known to fail.
    const isLate = mode.endsWith('stream') && tries > 1 && !(failed instanceof kind);
    if (isLate) expect(failed).toBeInstanceOf(Error);
    else {
      expect(failed).toBeInstanceOf(kind);
      expect(failed).toMatchObject({ status, code, param });
    }
    expect(await api.generations(prompt)).toHaveLength(tries);
  });
});

describe.concurrent('OpenAI’s client', () => {
  it('meets a key that is not known as an authentication error', async () => {
    const client = api.clientWith('sk-outlast-of-nobody');
    const asked = [
      client.responses.create({ model: 'demo', input: 'a' }),
      client.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content: 'a' }] }),
      client.models.list(),
      client.responses.retrieve('resp_1'),
    ];
    for (const outcome of await Promise.allSettled(asked)) {
      if (outcome.status === 'fulfilled') throw new Error('the key was accepted');
      expect(outcome.reason).toBeInstanceOf(OpenAI.AuthenticationError);
      expect(outcome.reason).toMatchObject({ status: 401, code: 'invalid_api_key' });
    }
  });

  it('meets what does not exist as not found', async () => {
    const error = await api.client.responses.retrieve('resp_none').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'not_found', type: 'invalid_request_error' });
    await expect(api.client.models.retrieve('vendor/none')).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  it('meets an error in mid-stream as an error, and one generation', async () => {
    const prompt = 'Failing in mid-stream.';
    const stream = await api.client.chat.completions.create({
      model: 'demo-chat?tokens=20&fault=error_event&after=8',
      messages: [{ role: 'user', content: prompt }],
      stream: true,
    });
    let text = '';
    const reading = async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    };
    await expect(reading()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(text).not.toBe('');
    expect(await api.generations(prompt)).toHaveLength(1);
  });

  it('meets a response that fails in mid-stream as response.failed', async () => {
    const input = 'A response that fails.';
    const stream = await api.client.responses.create({
      model: 'demo?tokens=20&fault=cut&after=8',
      input,
      stream: true,
    });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'upstream_cut' } },
    });
    expect(await api.generations(input)).toHaveLength(1);
  });
});
