import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { type Service, startService } from '../../fixtures/service.ts';
import type { Restart } from '../plan.ts';
import { heldMs, upstreamsEach } from '../request-plan.ts';
import type { FaultProxy } from './fault-proxy.ts';

const endpointsSchema = z.object({
  region: z.string(),
  tableEndpoint: z.string(),
  tableNames: z.tuple([z.string()], z.string()),
  queueEndpoint: z.string(),
  queueUrls: z.array(z.string()),
});

/** The emulators of a service that runs, reached without the proxies. */
export type Emulators = {
  readonly table: DynamoDBClient;
  readonly tableName: string;
  readonly sqs: SQSClient;
  readonly jobsQueueUrl: string;
  readonly deadLetterUrl: string;
};

/** `npm start` between the proxies, and what it takes to start it again. */
export type Subject = {
  readonly url: string;
  emulators(): Emulators;
  restart(restart: Restart): Promise<void>;
  output(): string;
  close(): Promise<void>;
};

export type SubjectOptions = {
  readonly dataDir: string;
  readonly preload: string;
  readonly modelUrl: string;
  readonly table: FaultProxy;
  readonly queue: FaultProxy;
  /** Until the first restart. */
  readonly firstTimeoutSeconds: number;
};

/** A model's name says by which protocol it is asked: `demo-chat-1`, `demo-responses-3`. */
const environmentOf = (modelUrl: string): Record<string, string> => {
  const numbers = Array.from({ length: upstreamsEach }, (_, index) => index + 1);
  const upstreams = (['chat', 'responses'] as const).flatMap((protocol) =>
    numbers.map((number) => ({
      name: `${protocol}-${number}`,
      baseUrl: modelUrl,
      apiKey: 'demo',
      protocol,
      models: [`demo-${protocol}-${number}*`],
    })),
  );
  return {
    OPENAI_BASE_URL: modelUrl,
    OPENAI_API_KEY: 'demo',
    OPENAI_MODEL: 'demo',
    UPSTREAMS: JSON.stringify(upstreams),
    // A reply that is held takes a sandbox, of which one machine has only so many.
    WAIT_DEFAULT_MS_RESPONSES: String(heldMs),
    WAIT_DEFAULT_MS_CHAT: String(heldMs),
    WAIT_DEFAULT_MS_GENERATE: String(heldMs),
    // Hardly a model is asked often enough to become known, and harm is to be met within the call.
    ADMIT_UNSEEN: 'inline',
  };
};

const reach = async (
  dataDir: string,
): Promise<Emulators & { tableEndpoint: string; queueEndpoint: string }> => {
  const file = await readFile(path.join(dataDir, 'endpoints.json'), 'utf8');
  const { region, tableEndpoint, tableNames, queueEndpoint, queueUrls } = endpointsSchema.parse(
    JSON.parse(file),
  );
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const urlOf = (ending: string): string => {
    const url = queueUrls.find((one) => one.endsWith(ending));
    if (url === undefined) throw new Error(`there is no queue ${ending}`);
    return url;
  };
  return {
    table: new DynamoDBClient({ region, endpoint: tableEndpoint, credentials }),
    tableName: tableNames[0],
    sqs: new SQSClient({ region, endpoint: queueEndpoint, credentials }),
    jobsQueueUrl: urlOf('-jobs'),
    deadLetterUrl: urlOf('-jobs-dead-letter'),
    tableEndpoint,
    queueEndpoint,
  };
};

/** Starts it; resolves when it says that it is ready. */
export const startSubject = async (options: SubjectOptions): Promise<Subject> => {
  const { dataDir, preload, modelUrl, table, queue, firstTimeoutSeconds } = options;
  const flags = [
    ...['--table-endpoint', table.endpoint, '--queue-endpoint', queue.endpoint],
    ...['--preload', preload],
  ];
  let port = '0';
  let printed = '';
  const start = async (more: readonly string[]) => {
    const service = await startService({ ...environmentOf(modelUrl), PORT: port }, dataDir, [
      ...flags,
      ...more,
    ]);
    port = new URL(service.url).port;
    const emulators = await reach(dataDir);
    table.aim(emulators.tableEndpoint);
    queue.aim(emulators.queueEndpoint);
    return { service, emulators };
  };
  let running: { service: Service; emulators: Emulators } = await start([
    ...['--function-timeout', String(firstTimeoutSeconds)],
  ]);
  const stop = async (how: Restart['how']): Promise<void> => {
    const { service, emulators } = running;
    table.aim(undefined);
    queue.aim(undefined);
    await (how === 'SIGKILL' ? service.kill() : service.interrupt());
    printed += service.output();
    emulators.table.destroy();
    emulators.sqs.destroy();
  };
  const { url } = running.service;
  return {
    url,
    emulators: () => running.emulators,
    output: () => printed + running.service.output(),
    restart: async ({ how, downMs }) => {
      await stop(how);
      await sleep(downMs);
      running = await start([]);
    },
    close: () => stop('SIGINT'),
  };
};
