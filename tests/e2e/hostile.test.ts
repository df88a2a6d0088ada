import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { type Asked, answerOf, ask, wrongs } from '../fixtures/hostile-client.ts';
import { isNotTaken } from '../fixtures/patient-fetch.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
console.info(`hostile: SEED=${seed}`);

// What must be in no log: it is part of every prompt and of one key here.
const prompt = 'Quoth the hostile client';
const strangersKey = 'sk-outlast-of-a-stranger';
const quick = 'demo?tokens=2&rate=10000&first_ms=0';

let api: Api;
let otherKey: string;
beforeAll(async () => {
  api = await startApi();
  otherKey = await api.createKey('other');
});
afterAll(() => api.stop());

const json = { 'content-type': 'application/json' };
const key = { authorization: 'Bearer sk-outlast-local' };

/** What the busy machine's table did not answer in time is asked again, after the second it asks for. */
const answerTo = async (method: string, target: string, asked: Asked) => {
  let answer = await answerOf(api.service.url, method, target, asked);
  for (let left = 4; left > 0 && isNotTaken(answer.status, answer.text); left -= 1) {
    await sleep(1_000);
    answer = await answerOf(api.service.url, method, target, asked);
  }
  return answer;
};
const get = (target: string, headers: Record<string, string> = key) =>
  answerTo('GET', target, { headers });
const post = (target: string, body?: string | Buffer | object, headers = {}) =>
  answerTo('POST', target, {
    headers: { ...key, ...(body === undefined ? {} : json), ...headers },
    body: typeof body === 'object' && !Buffer.isBuffer(body) ? JSON.stringify(body) : body,
  });

const chat = { messages: [{ role: 'user', content: prompt }], model: quick };
const minimal = {
  '/generate': { prompt, model: quick },
  '/v1/responses': { input: prompt, model: quick },
  '/v1/chat/completions': chat,
};
const submitting = Object.keys(minimal) as (keyof typeof minimal)[];

const background = async (model = 'demo-30s'): Promise<string> => {
  const { text } = await post('/v1/responses', { input: prompt, model, background: true });
  return JSON.parse(text).id;
};

describe.concurrent.each(submitting)('POST %s', (route) => {
  it('answers whatever JSON it is sent, and the client’s fault is never the server’s', async () => {
    const names = [...Object.keys(minimal[route]), 'input', 'metadata', 'tools', 'tool_choice'];
    const field = fc.oneof(
      fc.constantFrom(...names, 'text', 'stream_options', 'include', 'reasoning', 'stop', 'n'),
      fc.constantFrom('constructor', 'toString', '__proto__', 'prompt', 'response_format', ''),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
      fc.constantFrom('constructor', ['__proto__'], { type: 'toString' }, [{ type: 'valueOf' }]),
    );
    const bodies = fc.tuple(field, value).map(([name, odd]) => {
      const fields = Object.entries(minimal[route]).filter(([one]) => one !== name);
      const members = [...fields, [name, odd] as const].map(
        ([one, content]) => `${JSON.stringify(one)}:${JSON.stringify(content)}`,
      );
      return `{${members.join(',')}}`;
    });
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        expect(wrongs(await post(route, body))).toEqual([]);
      }),
      { seed, numRuns: 40 },
    );
  });

  it.each<readonly [string, string | Buffer, number]>([
    ['half a byte sequence', Buffer.from([0x7b, 0x22, 0xc3, 0x22, 0x7d]), 400],
    ['100,000 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400],
    ['a number beyond all doubles', '{"temperature":1e400}', 400],
    ['NaN', '{"temperature":NaN}', 400],
    ['a prototype', '{"__proto__":{"model":"demo"}}', 400],
    ['200,000 values', `{"input":[${'1,'.repeat(200_000)}1]}`, 400],
    ['a name of 4 MB', `{"${'k'.repeat(4_000_000)}":1}`, 400],
    ['one byte over 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), 413],
  ])('refuses %s', async (_, body, status) => {
    const refusal = await post(route, body);
    expect(refusal.status).toBe(status);
    expect(wrongs(refusal)).toEqual([]);
  });

  it('takes a Prefer header that is nonsense for none', async () => {
    for (const prefer of ['"'.repeat(2_000), ',;=,', 'wait=1e9', 'x,'.repeat(5_000), 'wait=-1']) {
      expect((await post(route, minimal[route], { prefer })).status).toBe(200);
    }
  });
});

describe.concurrent('an id, a path or a query that is made up', () => {
  it('is never the server’s fault, whatever the route and the method', async () => {
    const odd = fc.oneof(
      fc.constantFrom('x', '%00', '%ff', '%2f..%2f', '{id}', '__proto__', 'a'.repeat(3_000)),
      fc.webPath().map((text) => text.slice(1)),
    );
    const targets = fc.tuple(
      fc.constantFrom('/jobs/ID', '/jobs/ID/retry', '/results/ID', '/v1/models/ID', '/ID'),
      fc.constantFrom('/jobs/ID/cancel', '/v1/responses/ID', '/v1/responses/ID/input_items'),
      fc.constantFrom('?stream=true', '?after=%00', '?limit=1&limit=2', '?signature[]=', '?%', ''),
      odd,
    );
    const methods = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'TRACE');
    await fc.assert(
      fc.asyncProperty(targets, methods, async ([one, other, query, id], method) => {
        for (const route of [one, other]) {
          const target = `${route.replace('ID', id)}${query}`;
          const answer = await answerTo(method, target, { headers: key });
          expect(wrongs(answer), `${method} ${target}`).toEqual([]);
        }
      }),
      { seed, numRuns: 80 },
    );
  });

  it('names nothing: of another API, another tenant, or longer than any', async () => {
    const made = await Promise.all(submitting.map((route) => post(route, minimal[route])));
    const [gen, resp, completion] = made.map(({ text }) => String(JSON.parse(text).id));
    const long = 'resp_'.padEnd(4_000, 'a');
    for (const id of [gen, completion, long]) {
      for (const target of [`/v1/responses/${id}`, `/v1/responses/${id}/input_items`]) {
        expect((await get(target)).status, target).toBe(404);
      }
      const input = { ...minimal['/v1/responses'], previous_response_id: id };
      expect((await post('/v1/responses', input)).status).toBe(404);
      const after = await get(`/v1/responses?after=${id}`);
      expect(after).toMatchObject({ status: 400 });
    }
    const other = { authorization: `Bearer ${otherKey}` };
    for (const target of [`/v1/responses/${resp}`, `/jobs/${gen}`, `/jobs/${completion}`]) {
      const hidden = await get(target, other);
      const unknown = await get(target.slice(0, -1), other);
      expect(hidden.status).toBe(404);
      expect(hidden.text.replace(/"[a-z]+_\w+/, '')).toBe(unknown.text.replace(/"[a-z]+_\w+/, ''));
    }
  });

  it('does not open a result: the signature has one spelling', async () => {
    const { text } = await post('/generate', minimal['/generate']);
    const { pathname, searchParams } = new URL(JSON.parse(text).result_url);
    const [expires = '', signature = ''] = [...searchParams.values()];
    for (const query of [
      `expires=0${expires}&signature=${signature}`,
      `expires=${expires}.0&signature=${signature}`,
      `expires=${expires}&expires=${expires}&signature=${signature}`,
      `expires=${expires}&signature=${signature}&signature=${signature}`,
      `expires[]=${expires}&signature[]=${signature}`,
      `expires=${expires}&signature=${signature}=`,
      `expires=${expires}&signature=${signature}%00`,
    ]) {
      expect((await get(`${pathname}?${query}`, {})).status, query).toBe(403);
    }
    const query = `signature=${signature}&expires=${expires}`;
    expect((await get(`${pathname}?${query}`, {})).status).toBe(200);
  });
});

describe.concurrent('many at once', () => {
  it('who cancel, delete, read and retry one job leave it one end and get no 5xx', async () => {
    const id = await background();
    const calls = [
      () => post(`/v1/responses/${id}/cancel`),
      () => get(`/v1/responses/${id}?stream=true`),
      () => post(`/jobs/${id}/cancel`),
      () => get(`/v1/responses/${id}/input_items`),
      () => answerTo('DELETE', `/v1/responses/${id}`, { headers: key }),
      () => post(`/jobs/${id}/retry`),
      () => get(`/v1/responses/${id}`),
    ];
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => calls)
        .flat()
        .map((c) => c()),
    );
    expect(answers.flatMap(wrongs)).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toContain(200);
    expect((await get(`/v1/responses/${id}`)).status).toBe(404);
  });

  it('who retry one failed job get the same new one', async () => {
    const asked = { prompt, model: 'demo?fault=400' };
    const { text } = await post('/generate', asked, { prefer: 'respond-async' });
    const { id } = JSON.parse(text);
    const status = async (): Promise<string> => JSON.parse((await get(`/jobs/${id}`)).text).status;
    await waitFor(status, (now) => now === 'failed', 60_000);
    const retries = await Promise.all(Array.from({ length: 20 }, () => post(`/jobs/${id}/retry`)));
    expect(new Set(retries.map((retry) => retry.status))).toEqual(new Set([202]));
    expect(new Set(retries.map((retry) => JSON.parse(retry.text).id)).size).toBe(1);
  });

  it('who leave at any moment leave no job behind that does not end', async () => {
    const model = 'demo?tokens=10&rate=20&first_ms=100';
    const asked = [
      { ...minimal['/v1/responses'], model },
      { ...minimal['/v1/responses'], model, stream: true },
      { ...minimal['/v1/responses'], model, background: true, stream: true },
    ];
    const leaving = asked.flatMap((body) =>
      [1, 40, 150, 400].map((leaveAfterMs) =>
        ask(api.service.url, 'POST', '/v1/responses', {
          headers: { ...key, ...json },
          body: JSON.stringify(body),
          leaveAfterMs,
        }),
      ),
    );
    await Promise.all(leaving);
  });
});

describe('in the end', () => {
  it('a conversation that has grown too long is refused, and a list of such is still read', {
    timeout: 60_000,
  }, async () => {
    const input = prompt.repeat(170_000);
    let previous: string | null = null;
    for (let link = 0; link < 5; link += 1) {
      const asked = { ...minimal['/v1/responses'], input, previous_response_id: previous };
      const { status, text } = await post('/v1/responses', asked);
      expect(status).toBe(200);
      previous = JSON.parse(text).id;
    }
    const more = { ...minimal['/v1/responses'], input: 'x', previous_response_id: previous };
    const refusal = await post('/v1/responses', more);
    expect(refusal.status).toBe(413);
    expect(JSON.parse(refusal.text).error.param).toBe('previous_response_id');
    expect((await get('/v1/responses?limit=100')).status).toBe(200);
  });

  it('no job is still running and no sandbox still busy', async () => {
    const busy = async (): Promise<number> => {
      const { functions } = JSON.parse((await get('/_local/status')).text);
      return functions
        .filter(({ name }: { name: string }) => name !== 'sweep')
        .flatMap(({ sandboxes }: { sandboxes: { busy: boolean }[] }) => sandboxes)
        .filter((sandbox: { busy: boolean }) => sandbox.busy).length;
    };
    const pending = async (): Promise<number> => {
      const lists = ['queued', 'in_progress'].map((status) =>
        get(`/v1/responses?status=${status}`),
      );
      return (await Promise.all(lists)).flatMap(({ text }) => JSON.parse(text).data).length;
    };
    await waitFor(pending, (jobs) => jobs === 0, 60_000);
    await waitFor(busy, (sandboxes) => sandboxes === 0, 60_000);
  });

  it('the logs hold no prompt, no output, no key and no signature', async () => {
    const stranger = { authorization: `Bearer ${strangersKey}` };
    expect((await get('/v1/models', stranger)).status).toBe(401);
    const outputs = (await api.generations(prompt)).map(({ text }) => text.slice(0, 40));
    const secrets = [prompt, strangersKey, otherKey, 'sk-outlast-local', 'signature=', ...outputs];
    const folder = path.join(api.service.dataDir, 'logs');
    for (const name of await readdir(folder)) {
      const log = await readFile(path.join(folder, name), 'utf8');
      const found = secrets.filter((secret) => secret.length > 8 && log.includes(secret));
      expect(found, name).toEqual([]);
    }
  });
});
