import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toJobItem } from '../../lib/adapters/dynamo-job-item.ts';
import { routeMethods } from '../../lib/wire/routes.ts';
import { type FaultProxy, startFaultProxy } from '../faults/service/fault-proxy.ts';
import { runScript } from '../fixtures/command.ts';
import { echoes, startEchoingUpstream } from '../fixtures/echoing-upstream.ts';
import { type Asked, answerOf, type Raw } from '../fixtures/hostile-client.ts';
import { newJob } from '../fixtures/new-job.ts';
import type { RawUpstream } from '../fixtures/raw-upstream.ts';
import { type Receiver, reply, startReceiver } from '../fixtures/receiver.ts';
import { type Service, startService } from '../fixtures/service.ts';
import { plantItem } from '../fixtures/stored-items.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** Each is part of what it is named for and of nothing else: where one is found tells what leaked. */
const marks = {
  prompt: 'Quoth-Prompt-41d7',
  output: 'Quoth-Output-88ac',
  metadata: 'Quoth-Metadata-7c02',
  upstreamKey: 'sk-Quoth-Upstream-2b19',
  strangersKey: 'sk-outlast-Quoth-Stranger-90ff',
  idempotencyKey: 'Quoth-Idempotency-6e3d',
  callbackQuery: 'Quoth-Callback-1f58',
  receiversWords: 'Quoth-Receiver-c0de',
  query: 'Quoth-Query-3a3a',
  message: 'Quoth-Message-5a5a',
  item: 'Quoth-Item-7777',
};
/** What is made on the way: keys, signatures, callback secrets. */
const made = new Map<string, string>();
const note = (name: string, secret: string | undefined): void => {
  if (secret !== undefined) made.set(secret, name);
};

let upstream: RawUpstream;
let receiver: Receiver;
let table: FaultProxy;
let tableFails = false;
let service: Service;
let key: Readonly<Record<string, string>>;

const endpointsOf = async (): Promise<Record<string, string> & { queueUrls: string[] }> =>
  JSON.parse(await readFile(path.join(service.dataDir, 'endpoints.json'), 'utf8'));

beforeAll(async () => {
  upstream = await startEchoingUpstream(marks.output);
  receiver = await startReceiver(({ head, body, socket }) => {
    note('webhook-signature', /^webhook-signature: v1,(\S+)/im.exec(head)?.[1]);
    socket.end(reply(500, `${marks.receiversWords} ${body}`));
  });
  table = await startFaultProxy({
    judge: ({ body }) => {
      if (!tableFails) return 'pass';
      const quoted = JSON.stringify(body);
      const message = `Value '${quoted}' at "${quoted}" failed to satisfy constraint: ${quoted}`;
      return { status: 400, type: 'ValidationException', message };
    },
  });
  service = await startService(
    {
      LOG_LEVEL: 'DEBUG',
      OPENAI_BASE_URL: upstream.baseUrl,
      OPENAI_API_KEY: marks.upstreamKey,
      OPENAI_PROTOCOL: 'chat',
      ADMIT_UNSEEN: 'inline',
      OPENAI_MODEL: 'echo-ok',
    },
    undefined,
    ['--table-endpoint', table.endpoint, '--function-timeout', '13', '--verbose'],
  );
  table.aim((await endpointsOf())['tableEndpoint']);
  const { stdout } = await runScript('scripts/keys.ts', [
    ...['create', '--tenant', 'acme', '--scopes', 'generate,read,admin'],
    ...['--data', service.dataDir],
  ]);
  const secret = /^Key:\s+(\S+)/m.exec(stdout)?.[1] ?? '';
  note('API key', secret);
  note('API key', secret.replace(/^sk-outlast-/, ''));
  key = { authorization: `Bearer ${secret}` };
});
afterAll(async () => {
  await service.interrupt();
  await Promise.all([table.close(), receiver.close(), upstream.close()]);
});

const json = { 'content-type': 'application/json' };

/** Any answer will do; what it says of signatures is kept. */
const ask = async (method: string, target: string, asked: Asked = {}): Promise<Raw> => {
  const answer = await answerOf(service.url, method, target, {
    ...asked,
    headers: { ...key, ...asked.headers },
  });
  for (const [, signature] of answer.text.matchAll(/signature=([\w-]{43})/g)) {
    note('result-URL signature', signature);
  }
  note('callback secret', /"whsec_([^"]+)"/.exec(answer.text)?.[1]);
  return answer;
};
const post = (target: string, body: unknown, headers: Asked['headers'] = {}): Promise<Raw> =>
  ask('POST', target, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...json, ...headers },
  });
const idIn = ({ text }: Raw): string => JSON.parse(text).id;

const bodiesFor = (model: string) => {
  const messages = [{ role: 'user', content: `${marks.prompt}?` }];
  const rest = {
    model,
    metadata: { name: marks.metadata },
    callback: { url: `http://127.0.0.1:${receiver.port}/hook?token=${marks.callbackQuery}` },
  };
  return {
    '/generate': { messages, ...rest },
    '/v1/responses': { input: messages, ...rest },
    '/v1/chat/completions': { messages, ...rest },
  };
};
const submitting = () => Object.entries(bodiesFor('echo-ok'));

/** Short, so that nothing is tried again and again. */
const soon = { 'x-deadline-ms': '2500' };

/** Each way in which the upstream can say the prompt back, met inline, in a stream and by a worker. */
const upstreamFaults = async (): Promise<void> => {
  const requests = echoes.flatMap((echo) => {
    const bodies = bodiesFor(`echo-${echo}`);
    const chat = { ...bodies['/v1/chat/completions'], stream: true };
    const streamed = { ...bodies['/v1/responses'], stream: true };
    const later = { ...soon, prefer: 'respond-async' };
    return [
      () => post('/generate', bodies['/generate'], soon),
      () => post('/v1/responses', bodies['/v1/responses'], later),
      () => post('/v1/chat/completions', chat, soon),
      () => post('/v1/responses', streamed, soon),
    ];
  });
  const next = requests.values();
  const one = async (): Promise<void> => {
    for (const request of next) await request();
  };
  await Promise.all(Array.from({ length: 8 }, one));
};

/** Every method of every route, with what a client may put where it does not belong. */
const everyRoute = async (): Promise<void> => {
  const ids = await Promise.all(
    submitting().map(async ([route, body]) =>
      idIn(await post(route, body, { 'idempotency-key': marks.idempotencyKey + route })),
    ),
  );
  const endpoint = await post('/callback_endpoints', bodiesFor('')['/generate'].callback);
  for (const [route, methods] of Object.entries(routeMethods)) {
    const targets = [...ids, idIn(endpoint)].map((id) => route.replace(/\{id\+?\}/, id));
    for (const method of methods) {
      const body = method === 'POST' ? { body: `{"prompt": "${marks.prompt}` } : {};
      for (const target of new Set(targets)) await ask(method, target, { ...body, headers: json });
    }
    const query = `?signature=${marks.query}&key=${marks.query}&after=${marks.query}`;
    for (const method of [...methods, 'HEAD', 'OPTIONS', 'PATCH']) {
      await ask(method, `${targets[0]}${query}`);
    }
  }
};

const badRequests = async (): Promise<void> => {
  for (const [route, body] of submitting()) {
    await post(route, `{"prompt": ${marks.prompt}`);
    await post(route, `"${marks.prompt}"`);
    await post(route, { ...body, model: { [marks.prompt]: marks.prompt } });
    await post(route, { ...body, [marks.prompt]: 1, temperature: marks.prompt });
    await post(route, `prompt=${marks.prompt}`, { 'content-type': `text/${marks.prompt}` });
    await post(route, body, { prefer: marks.prompt, 'x-deadline-ms': marks.prompt });
    await post(route, body, { authorization: `Bearer ${marks.strangersKey}` });
    await post(route, body, { authorization: `${marks.strangersKey} ${marks.strangersKey}` });
    await post(`${route}?api_key=${marks.strangersKey}`, body, { 'x-api-key': marks.strangersKey });
  }
};

const badSignatures = async (): Promise<void> => {
  const { text } = await post('/generate', bodiesFor('echo-ok')['/generate']);
  const { pathname, search } = new URL(JSON.parse(text).result_url);
  await ask('GET', `${pathname}${search}`);
  await ask('GET', `${pathname}${search.slice(0, -1)}`);
  await ask('GET', `${pathname}${search.replace('expires=1', 'expires=2')}`);
  await ask('POST', `${pathname}${search}`);
};

const busy = async (functionName: string): Promise<readonly number[]> => {
  const { functions } = JSON.parse((await ask('GET', '/_local/status')).text);
  return functions
    .filter(({ name }: { name: string }) => name === functionName)
    .flatMap(({ sandboxes }: { sandboxes: { pid: number; busy: boolean }[] }) => sandboxes)
    .flatMap(({ pid, busy: at }: { pid: number; busy: boolean }) => (at ? [pid] : []));
};

/** All that the functions and the runtime have written, in files and on the console. */
const logged = async (): Promise<ReadonlyMap<string, string>> => {
  const folder = path.join(service.dataDir, 'logs');
  const names = await readdir(folder);
  const files = names.map(
    async (name) => [name, await readFile(path.join(folder, name), 'utf8')] as const,
  );
  return new Map([...(await Promise.all(files)), ['console', service.output()]]);
};

/** Sends a signal to a function in mid-run, again and again until that is in the log. */
const crash = async (signal: NodeJS.Signals, event: string): Promise<void> => {
  while (![...(await logged()).values()].some((text) => text.includes(event))) {
    let answered = false;
    const answer = post('/generate', bodiesFor('echo-silent')['/generate']).then(() => {
      answered = true;
    });
    const isOver = async () => answered || (await busy('submit')).length > 0;
    await waitFor(isOver, Boolean, 60_000);
    for (const pid of await busy('submit')) process.kill(pid, signal);
    await answer;
  }
};

/** What nobody of ours has written: in the queues and in the table. */
const unreadables = async (): Promise<void> => {
  const { region = '', queueEndpoint = '', queueUrls } = await endpointsOf();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ region, endpoint: queueEndpoint, credentials });
  const texts = [marks.message, `{"v":1,"jobId":{"${marks.message}":"${marks.message}"}}`];
  for (const QueueUrl of Object.values(queueUrls).filter((url) => !url.includes('dead-letter'))) {
    for (const MessageBody of texts)
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  sqs.destroy();
  const job = newJob('queued', { id: 'resp_00000000000000000000000000000001', api: 'responses' });
  const item = { ...toJobItem(job), dueAtMs: { N: '1' } };
  await plantItem(service, {
    ...item,
    status: { S: marks.item },
    error: { S: marks.item },
    [marks.item]: { S: marks.item },
  });
  await ask('GET', `/v1/responses/${job.id}`);
  await ask('POST', `/v1/responses/${job.id}/cancel`);
  await ask('GET', '/v1/responses');
};

const tableFaults = async (): Promise<void> => {
  tableFails = true;
  await Promise.all(
    submitting().map(([route, body]) =>
      post(route, body, { 'idempotency-key': `${marks.idempotencyKey}-2` }),
    ),
  );
  await ask('GET', '/jobs/resp_00000000000000000000000000000001');
  await ask('GET', '/callback_endpoints');
  tableFails = false;
};

const killed = 'Runtime exited with error: signal: killed';
const timedOut = 'Task timed out after 13.00 seconds';
/** What shows that the failures have happened, each as it is logged. */
const happened = [
  'request.refused',
  'request.failed',
  'attempt.failed',
  'job.completed',
  'job.failed',
  'message.refused',
  'delivery.attempted',
  'endpoint.created',
  'item_unreadable',
  'ValidationException',
  'upstream_rejected',
  'upstream_malformed',
  'upstream_cut',
  'upstream_credentials',
  'deadline_exceeded',
  killed,
  timedOut,
];

it('no log line holds a prompt, an output, a key, a signature or the query of a result URL', {
  timeout: 240_000,
}, async () => {
  await Promise.all([
    upstreamFaults(),
    everyRoute(),
    badRequests(),
    badSignatures(),
    unreadables(),
  ]);
  await tableFaults();
  await crash('SIGKILL', killed);
  await crash('SIGSTOP', timedOut);
  const missing = async (): Promise<readonly string[]> => {
    const text = [...(await logged()).values()].join('\n');
    return happened.filter((event) => !text.includes(event));
  };
  await waitFor(missing, (events) => events.length === 0, 90_000);

  expect([...new Set(made.values())].sort()).toEqual([
    ...['API key', 'callback secret', 'result-URL signature', 'webhook-signature'],
  ]);
  const secrets = [...Object.entries(marks).map(([name, mark]) => [mark, name] as const), ...made];
  const leaks = [...(await logged())].flatMap(([file, text]) =>
    text
      .split('\n')
      .flatMap((line) => [
        ...secrets.filter(([secret]) => line.includes(secret)).map(([, name]) => ({ name, line })),
        ...(/[?&](?:expires|signature)=/.test(line) ? [{ name: 'result URL', line }] : []),
      ])
      .map(({ name, line }) => `${file}: ${name} in ${line.slice(0, 2_000)}`),
  );
  expect(leaks).toEqual([]);
});
