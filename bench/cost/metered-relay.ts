import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { type AwsCall, readAwsCall } from '../../tests/fixtures/deployment/aws-call.ts';
import { relayServer } from '../../tests/fixtures/deployment/aws-relay.ts';

/** A call that an emulator has answered. */
export type AnsweredCall = AwsCall & {
  readonly status: number;
  /** As it was given, in JSON. */
  readonly answer: string;
};

export type MeteredRelay = {
  readonly endpoint: string;
  /** Resolves once the emulator has answered every call, though nobody may hear it. */
  close(): Promise<void>;
};

type Relaying = {
  /** What is to be sent in place of the call's body. It may take its time. */
  amend?(call: AwsCall): AwsCall['body'] | Promise<AwsCall['body']>;
  hear(call: AnsweredCall): void;
};

/** Stands between a caller and an emulator, and tells of each call once it is answered. */
export const startMeteredRelay = async (
  target: string,
  { amend = ({ body }) => body, hear }: Relaying,
): Promise<MeteredRelay> => {
  const agent = new Agent({ keepAlive: true });

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = readAwsCall(incoming.headers, await text(incoming));
    const body = JSON.stringify(await amend(call));
    const onward = request(new URL(incoming.url ?? '/', target), {
      agent,
      method: incoming.method,
      headers: { ...incoming.headers, 'content-length': Buffer.byteLength(body) },
    });
    onward.end(body);
    const [answered]: IncomingMessage[] = await once(onward, 'response');
    if (answered === undefined) throw new Error('no answer');
    const bytes = await buffer(answered);
    const status = answered.statusCode ?? 500;
    hear({ ...call, status, answer: bytes.toString() });
    response.writeHead(status, answered.headers);
    response.end(bytes);
  };

  const underWay = new Set<Promise<void>>();
  const server = relayServer(async (incoming, response) => {
    const passing = pass(incoming, response);
    underWay.add(passing);
    await passing.finally(() => underWay.delete(passing));
  });
  const port = await server.open(0);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      await server.close();
      await Promise.allSettled(underWay);
      agent.destroy();
    },
  };
};
