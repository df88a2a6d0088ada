import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { readAwsCall } from '../../fixtures/deployment/aws-call.ts';
import { type Fate, relay, relayServer } from '../../fixtures/deployment/aws-relay.ts';

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

/**
 * A proxy that stays while what is behind it is started anew, at another address. It decides about
 * each call by the rules; the emulators know nothing of it.
 */
export const startFaultProxy = async (rules: ProxyRules): Promise<FaultProxy> => {
  let aimed = Promise.withResolvers<string>();

  const server = relayServer(async (incoming, response) => {
    const body = await text(incoming);
    const call = readCall(incoming.headers, body);
    const fate = rules.judge(call);
    const answered = await relay(incoming, response, { body, fate, target: () => aimed.promise });
    if (answered === undefined) return;
    const { answer, bytes } = answered;
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
  });

  return {
    endpoint: `http://127.0.0.1:${await server.open(0)}`,
    aim: (target) => {
      if (target === undefined) aimed = Promise.withResolvers<string>();
      else aimed.resolve(target);
    },
    close: server.close,
  };
};
