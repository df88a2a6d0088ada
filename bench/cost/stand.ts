import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { startDemoModel } from '../../local/demo-model/demo-model.ts';
import { createTables } from '../../local/emulators/create-tables.ts';
import { emulatorCredentials } from '../../local/emulators/emulator.ts';
import {
  createQueues,
  queueClient,
  startQueueEmulator,
} from '../../local/emulators/queue-emulator.ts';
import { startTableEmulator } from '../../local/emulators/table-emulator.ts';
import { createSlots } from '../../local/events/slots.ts';
import { unpackFunction } from '../../local/function-code.ts';
import { functionEnvironment } from '../../local/function-environment.ts';
import { createGateway } from '../../local/gateway/gateway.ts';
import { openLocalServer } from '../../local/gateway/local-server.ts';
import { type LocalLambda, startLambda } from '../../local/lambda/lambda.ts';
import { templatePath } from '../../local/package-service.ts';
import type { TemplateFunction } from '../../local/template/functions.ts';
import { readStack } from '../../local/template/stack.ts';
import { startTriggers } from '../../local/triggers.ts';
import { demoDefaults } from '../../local/upstream.ts';
import { billing } from './billing.ts';
import { type Meters, startMeters } from './meters.ts';

/** The packaged service on emulators, with everything metered that would be billed. */
export type Stand = Meters & {
  readonly url: string;
  /** Where its upstream tells what it has generated. */
  readonly upstreamUrl: string;
  readonly lambda: LocalLambda;
  /** The job's status, read past the meters. */
  status(jobId: string): Promise<string | undefined>;
  close(): Promise<void>;
};

export type StandOptions = {
  readonly packageDir: string;
  /** Records an invocation of the worker gets at most; as deployed unless given. */
  readonly batchSize?: number;
  readonly workers?: number;
  /** Of the functions, as whoever deploys would set them. */
  readonly variables?: Readonly<Record<string, string>>;
  /** In place of the demo model. */
  readonly upstreamUrl?: string;
};

export const localKey = 'sk-outlast-local';
/** The template of a package in that folder. */
export const templateIn = (packageDir: string): string =>
  path.join(packageDir, path.basename(templatePath));

const place = { accountId: '000000000000', region: 'us-east-1', stackName: 'bench' };

/** One stand starts after the other, since a cold start shares this machine's few cores. */
const starting = createSlots(1);

/** Starts it from the packaged archives, with one sandbox for each step of accepting a request. */
export const startStand = async (options: StandOptions): Promise<Stand> => {
  await starting.acquire();
  try {
    return await start(options);
  } finally {
    starting.release();
  }
};

const start = async (options: StandOptions): Promise<Stand> => {
  await using opened = new AsyncDisposableStack();
  const opening = async <T extends { close(): Promise<unknown> }>(starting: Promise<T>) =>
    opened.adopt(await starting, async (started) => void (await started.close()));

  const folder = await mkdtemp(path.join(tmpdir(), 'outlast-bench-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const tables = await opening(startTableEmulator({}));
  const queues = await opening(startQueueEmulator(place.region));
  const demo = await opening(startDemoModel());
  const upstreamUrl = options.upstreamUrl ?? demo.baseUrl;
  const stack = readStack(await readFile(templateIn(options.packageDir), 'utf8'), {
    ...place,
    queueEndpoint: queues.endpoint,
  });
  const [table] = stack.tables;
  if (table === undefined) throw new Error('the template has no table');
  const direct = queueClient(queues.endpoint, place.region);
  opened.defer(() => direct.destroy());
  await Promise.all([
    createTables(tables, place.region, stack.tables),
    createQueues(direct, stack.queues),
  ]);

  const bill = billing();
  const meters = await opening(startMeters({ table, tables, queues, bill }));
  const server = await opening(openLocalServer(0));
  const url = `http://127.0.0.1:${server.port}`;
  const specOf = async (fn: TemplateFunction) => {
    const { name, logicalId, handler, memoryMb, timeoutMs, environment } = fn;
    const local = {
      ...(await meters.endpointsOf(name)),
      region: place.region,
      defaults: {
        PUBLIC_BASE_URL: url,
        LOCAL_API_KEY: localKey,
        CALLBACK_HTTP_LOOPBACK: 'yes',
        ...demoDefaults(upstreamUrl),
      },
      host: options.variables ?? {},
    };
    return {
      ...{ name, logicalId, handler, memoryMb, timeoutMs },
      bundleDir: await unpackFunction(fn, options.packageDir, folder),
      environment: functionEnvironment(environment, stack, local),
    };
  };
  const specs = await Promise.all(stack.functions.map(specOf));
  const lambda = await opening(startLambda(specs, { onLog: bill.hear }));
  // The authorizer's time-out is short, and a busy machine starts it slowly.
  await Promise.all(['authorize', 'submit', 'work'].map((name) => lambda.warm(name)));

  const { queueEndpoint } = await meters.endpointsOf('event source');
  const sqs = queueClient(queueEndpoint, place.region);
  opened.defer(() => sqs.destroy());
  const { batchSize, workers } = options;
  const queueTriggers = stack.queueTriggers.map((trigger) => {
    if (trigger.functionName !== 'work') return trigger;
    const { batchSize: deployed, maximumConcurrency } = trigger;
    return {
      ...trigger,
      batchSize: batchSize ?? deployed,
      maximumConcurrency: workers ?? maximumConcurrency,
    };
  });
  const triggers = startTriggers(
    { ...stack, queueTriggers },
    { lambda, sqs, onLog: () => undefined },
  );
  opened.defer(() => triggers.stop());
  server.serve(createGateway(stack.api, lambda, () => undefined));

  const client = opened.adopt(
    new DynamoDBClient({
      region: place.region,
      endpoint: tables.endpoint,
      credentials: emulatorCredentials,
    }),
    (made) => made.destroy(),
  );
  // Decisions about keys are cached, so that the first requests do not each start an authorizer.
  await fetch(`${url}/v1/responses`, { headers: { authorization: `Bearer ${localKey}` } });
  const resources = opened.move();
  return {
    ...meters,
    url,
    upstreamUrl,
    lambda,
    status: async (jobId) => {
      const get = new GetItemCommand({
        TableName: table.name,
        Key: { pk: { S: jobId }, sk: { S: 'job' } },
        ConsistentRead: true,
      });
      // The emulator ends idle connections under its clients; who waits for an end asks again.
      const got = await client.send(get).catch(() => undefined);
      return got?.Item?.['status']?.S;
    },
    close: () => resources.disposeAsync(),
  };
};
