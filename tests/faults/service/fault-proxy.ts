import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { readAwsCall } from '../../fixtures/deployment/aws-call.ts';
import type { AwsError, Fate } from '../../fixtures/deployment/aws-proxy.ts';

/** One call on its way to an emulator. */
export type ProxiedCall = {
  /** As IAM names it: `dynamodb:GetItem`. */
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The process it comes from; undefined is the local runtime itself, the queue's event source. */
  readonly pid: number | undefined;
  /** The same for the repetitions of one call by the SDK. */
  readonly invocationId: string;
};

export type FaultProxy = {
  readonly endpoint: string;
  /** Where calls go; undefined holds them until there is somewhere. */
  aim(target: string | undefined): void;
  close(): Promise<void>;
};

export type ProxyRules = {
  judge(call: ProxiedCall): Fate;
  /** Changes an answer on its way back. */
  edit?(call: ProxiedCall, answer: Buffer): Promise<Buffer>;
};

const readCall = (headers: IncomingHttpHeaders, body: string): ProxiedCall => {
  const call = readAwsCall(headers, body);
  const pid = headers['x-sandbox'];
  return {
    action: call.action,
    body: call.body,
    pid: typeof pid === 'string' ? Number(pid) : undefined,
    invocationId: String(headers['amz-sdk-invocation-id']),
  };
};

const answerError = (
  response: ServerResponse,
  { status, type, message = 'a fault on request' }: AwsError,
): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify({ __type: type, message }));
};

/**
 * A proxy that stays while what is behind it is started anew, at another address. It decides about
 * each call by the rules; the emulators know nothing of it.
 */
export const startFaultProxy = async (rules: ProxyRules): Promise<FaultProxy> => {
  const sockets = new Set<Socket>();
  let aimed = Promise.withResolvers<string>();

  const forward = async ({ method, url, headers }: IncomingMessage, body: string) => {
    const onward = request(new URL(url ?? '/', await aimed.promise), { method, headers });
    onward.end(body);
    const [answer]: IncomingMessage[] = await once(onward, 'response');
    if (answer === undefined) throw new Error('no answer');
    return { answer, bytes: await buffer(answer) };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(incoming);
    const call = readCall(incoming.headers, body);
    const fate = rules.judge(call);
    if (typeof fate === 'object') return answerError(response, fate);
    if (fate === 'silent') return;
    if (fate === 'reset') return void incoming.socket.destroy();
    const { answer, bytes } = await forward(incoming, body);
    if (fate === 'mute') return;
    if (fate === 'unanswered') return void incoming.socket.destroy();
    const status = answer.statusCode ?? 500;
    if (status !== 200 || rules.edit === undefined) {
      response.writeHead(status, answer.headers);
      response.end(bytes);
      return;
    }
    const edited = await rules.edit(call, bytes);
    // The checksum is of what was there before.
    const { 'x-amz-crc32': _, 'content-length': __, ...headers } = answer.headers;
    response.writeHead(status, headers);
    response.end(edited);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No TCP port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    aim: (target) => {
      if (target === undefined) aimed = Promise.withResolvers<string>();
      else aimed.resolve(target);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
