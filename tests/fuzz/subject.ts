import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { processMemoryMb } from '../../local/lambda/memory.ts';
import { type Api, startApi } from '../fixtures/api.ts';
import { runScript } from '../fixtures/command.ts';
import { type Received, type Receiver, reply, startReceiver } from '../fixtures/receiver.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import type { FuzzCase, KeyKind } from './case.ts';
import { exchange, type Outcome } from './exchange.ts';
import { filled, type Names, writeRequest } from './write-request.ts';

/** The service that is sent the cases, with something of each kind in it to be asked for. */
export type Subject = {
  readonly api: Api;
  send(one: FuzzCase): Promise<{ readonly outcome: Outcome; readonly mayGoUnanswered: boolean }>;
  /** Megabytes of the runtime's own process, and of the largest sandbox of each function. */
  memoryMb(): Promise<Readonly<Record<string, number>>>;
  /** Resolves when no job and no sandbox is at work any more. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
};

const model = 'demo?tokens=2&rate=10000&first_ms=0';
const quietMs = 120_000;
const unreadBytes = 64 * 1024;

type Keys = { readonly own: string; readonly other: string };
type Ids = Readonly<Record<string, string>>;

/** Always there: what a case has deleted is made again before the next one is sent. */
const idsIn = async (api: Api, receiver: Receiver, keys: Keys): Promise<Names> => {
  const make = async (route: string, body: object, key = keys.own): Promise<Ids> =>
    (await api.ask<Ids>('POST', route, body, { authorization: `Bearer ${key}` })).body;
  const messages = [{ role: 'user', content: 'One.' }];
  const hook = `http://127.0.0.1:${receiver.port}/hook`;
  const [gen, resp, chat, theirs, endpoint] = await Promise.all([
    make('/generate', { prompt: 'One.', model }),
    make('/v1/responses', { input: 'One.', model }),
    make('/v1/chat/completions', { messages, model }),
    make('/v1/responses', { input: 'One.', model }, keys.other),
    make('/callback_endpoints', { url: hook, events: ['response.failed'] }),
  ]);
  const { pathname, search } = new URL(gen['result_url'] ?? '');
  return {
    gen: gen['id'] ?? '',
    resp: resp['id'] ?? '',
    chat: chat['id'] ?? '',
    theirs: theirs['id'] ?? '',
    endpoint: endpoint['id'] ?? '',
    result: pathname + search,
    receiver: hook,
  };
};

const createKey = async (api: Api, tenant: string, scopes: string): Promise<string> => {
  const { dataDir } = api.service;
  const { stdout, stderr } = await runScript('scripts/keys.ts', [
    ...['create', '--tenant', tenant, '--scopes', scopes, '--data', dataDir],
  ]);
  const secret = /^Key:\s+(\S+)/m.exec(stdout)?.[1];
  if (secret === undefined) throw new Error(`no key was made: ${stderr}`);
  return secret;
};

/** Starts the whole service for a fuzz run. */
export const startSubject = async (): Promise<Subject> => {
  const api = await startApi({ OPENAI_MODEL: model });
  const receiver = await startReceiver(({ socket }: Received) => socket.end(reply(204)));
  const { service } = api;
  const port = Number(new URL(service.url).port);
  const all = 'generate,read,admin';
  const own = await createKey(api, 'acme', all);
  const other = await createKey(api, 'other', all);
  const reader = await createKey(api, 'acme', 'read');
  const keys = { own, other };
  const authorizations: Readonly<Record<KeyKind, string | undefined>> = {
    own: `Bearer ${own}`,
    none: undefined,
    unknown: `Bearer sk-outlast-${'A'.repeat(43)}`,
    reader: `Bearer ${reader}`,
    other: `Bearer ${other}`,
    garbled: `bearer\t${own.slice(0, -1)}\u00e9`,
    long: `Bearer ${'k'.repeat(8_000)}`,
  };
  let known = await idsIn(api, receiver, keys);

  const removeEndpoint = (id: string, authorization: string) =>
    api.send('DELETE', `/callback_endpoints/${id}`, undefined, { authorization });
  /** An endpoint that a case made would be called back for all others, and twenty are the limit. */
  const tidyUp = async (one: FuzzCase, outcome: Outcome): Promise<void> => {
    if (outcome.kind !== 'answered' || outcome.reply.status >= 300) return;
    const { text } = outcome.reply;
    if (one.route === 'POST /callback_endpoints' && text.includes('"cbe_')) {
      await removeEndpoint(JSON.parse(text).id, authorizations[one.key] ?? '');
    }
    if (text.includes('"deleted":true')) {
      await removeEndpoint(known.endpoint, `Bearer ${own}`);
      known = await idsIn(api, receiver, keys);
    }
  };

  const status = async () => {
    const { body } = await api.ask<{
      functions: { name: string; sandboxes: { pid: number; busy: boolean }[] }[];
    }>('GET', '/_local/status');
    return body.functions;
  };
  const pending = async (): Promise<number> => {
    const lists = ['queued', 'in_progress'].flatMap((state) =>
      [own, other].map((key) =>
        api.ask<{ data: unknown[] }>('GET', `/v1/responses?status=${state}`, undefined, {
          authorization: `Bearer ${key}`,
        }),
      ),
    );
    const jobs = (await Promise.all(lists)).flatMap(({ body }) => body.data).length;
    const busy = (await status())
      .filter(({ name }) => !name.endsWith('sweep'))
      .flatMap(({ sandboxes }) => sandboxes.filter((sandbox) => sandbox.busy));
    return jobs + busy.length;
  };

  return {
    api,
    send: async (one) => {
      const bytes = writeRequest(one, {
        host: `127.0.0.1:${port}`,
        authorization: authorizations[one.key],
        known,
      });
      const unfinished = mayBeUnfinished(one, known);
      const outcome = await exchange(port, bytes, { isHead: one.method === 'HEAD', unfinished });
      await tidyUp(one, outcome);
      // What is refused before it was read may be cut off, and the refusal with it.
      return { outcome, mayGoUnanswered: unfinished || bytes.length > unreadBytes };
    },
    memoryMb: async () => {
      const { pid } = JSON.parse(await readFile(path.join(service.dataDir, 'lock.json'), 'utf8'));
      const functions = (await status()).map(({ name, sandboxes }) => [
        name,
        Math.max(0, ...sandboxes.map((sandbox) => processMemoryMb(sandbox.pid) ?? 0)),
      ]);
      return { runtime: processMemoryMb(pid) ?? 0, ...Object.fromEntries(functions) };
    },
    quiet: () => waitFor(pending, (left) => left === 0, quietMs).then(() => undefined),
    stop: async () => {
      await api.stop();
      await receiver.close();
    },
  };
};

const rewritesFraming = /^(?:transfer-encoding|expect|upgrade|connection|content-encoding|)$/i;

/** Whether what is sent may be, to whoever reads it, the beginning of a request that never ends. */
const mayBeUnfinished = (one: FuzzCase, known: Names): boolean =>
  (one.body !== undefined && one.framing !== 'length' && one.framing !== 'chunked') ||
  one.version !== 'HTTP/1.1' ||
  one.method === 'PRI' ||
  /[\r\n ]/.test(filled(one.target, known)) ||
  one.headers.some(([name, value]) => rewritesFraming.test(name) || /[\r\n\0]/.test(value));
