import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { readAwsCall } from '../../tests/fixtures/deployment/aws-call.ts';
import { relay, relayServer } from '../../tests/fixtures/deployment/aws-relay.ts';
import { type Service, startService } from '../../tests/fixtures/service.ts';

/** One call of a function, or of the queue's event source, to an emulator. */
export type ObservedCall = {
  /** As IAM names it: `dynamodb:GetItem`. */
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** As it was given, in JSON. */
  readonly answer: Buffer;
  /** Milliseconds since the epoch: when the call had come in, and when its answer was there. */
  readonly startedAtMs: number;
  readonly answeredAtMs: number;
};

/** `npm start`, with what its functions ask of the table and the queues seen on the way. */
export type ObservedService = {
  readonly service: Service;
  /** What a function has logged so far, its REPORT lines included. */
  log(functionName: string): Promise<string>;
  close(): Promise<void>;
};

const endpointsSchema = z.object({ tableEndpoint: z.string(), queueEndpoint: z.string() });

/** A clock finer than a millisecond that agrees with the other processes of this machine. */
export const preciseNowMs = (): number => performance.timeOrigin + performance.now();

/** Resolves once it is ready; the observer is told of each call after it has been answered. */
export const startObservedService = async (
  environment: Record<string, string>,
  observe: (call: ObservedCall) => void,
): Promise<ObservedService> => {
  const opened = async (target: Promise<string>) => {
    const server = relayServer(async (incoming, response) => {
      const startedAtMs = preciseNowMs();
      const body = await text(incoming);
      const answered = await relay(incoming, response, {
        body,
        fate: 'pass',
        target: () => target,
      });
      if (answered === undefined) return;
      const status = answered.answer.statusCode ?? 500;
      const answeredAtMs = preciseNowMs();
      response.writeHead(status, answered.answer.headers);
      response.end(answered.bytes);
      const { action, body: asked } = readAwsCall(incoming.headers, body);
      observe({ action, body: asked, status, answer: answered.bytes, startedAtMs, answeredAtMs });
    });
    return { endpoint: `http://127.0.0.1:${await server.open(0)}`, close: server.close };
  };
  const targets = {
    table: Promise.withResolvers<string>(),
    queue: Promise.withResolvers<string>(),
  };
  const [table, queue] = await Promise.all([
    opened(targets.table.promise),
    opened(targets.queue.promise),
  ]);
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outlast-bench-'));
  const flags = ['--table-endpoint', table.endpoint, '--queue-endpoint', queue.endpoint];
  const service = await startService(environment, dataDir, flags);
  const file = await readFile(path.join(dataDir, 'endpoints.json'), 'utf8');
  const endpoints = endpointsSchema.parse(JSON.parse(file));
  targets.table.resolve(endpoints.tableEndpoint);
  targets.queue.resolve(endpoints.queueEndpoint);
  return {
    service,
    log: async (functionName) => {
      const names = await readdir(path.join(dataDir, 'logs'));
      const name = names.find((one) => one.startsWith(functionName));
      return name === undefined ? '' : readFile(path.join(dataDir, 'logs', name), 'utf8');
    },
    close: async () => {
      await service.interrupt();
      await Promise.all([table.close(), queue.close()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
