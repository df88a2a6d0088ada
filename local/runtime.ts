import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { takeDataFolder } from './data-folder.ts';
import { startDemoModel } from './demo-model/demo-model.ts';
import { createTables } from './emulators/create-tables.ts';
import { createQueues, queueClient, startQueueEmulator } from './emulators/queue-emulator.ts';
import { startTableEmulator } from './emulators/table-emulator.ts';
import { unpackFunction } from './function-code.ts';
import { functionEnvironment } from './function-environment.ts';
import { createGateway } from './gateway/gateway.ts';
import { openLocalServer } from './gateway/local-server.ts';
import { type LocalLambda, startLambda } from './lambda/lambda.ts';
import { type LogOptions, openLog } from './lambda/log.ts';
import { localRoutes } from './local-routes.ts';
import { packageDir, packageService, templatePath } from './package-service.ts';
import type { Settings } from './settings.ts';
import type { TemplateFunction } from './template/functions.ts';
import { readStack, type Stack } from './template/stack.ts';
import { startTriggers } from './triggers.ts';
import { chooseUpstream, demoDefaults, type Upstream } from './upstream.ts';
import { warmAll } from './warm.ts';

/** What the runtime is started with. */
export type RuntimeOptions = {
  projectDir: string;
  settings: Settings;
  /** The environment of the host. */
  host: Readonly<Record<string, string | undefined>>;
  /** Shows one line to the user. */
  say(line: string): void;
  /** Shows a fault of the runtime itself that does not end it. */
  complain(fault: unknown): void;
  signal: AbortSignal;
};

/** A runtime that serves. */
export type Runtime = {
  baseUrl: string;
  apiKey: string;
  logDir: string;
  upstream: Upstream;
};

const region = 'us-east-1';
const accountId = '000000000000';

/**
 * Brings up the packaged service on this machine. All that it opens is closed by disposing of
 * `resources`, also when it throws: `StartFault` for what the user can mend.
 */
export async function startRuntime(
  options: RuntimeOptions,
  resources: AsyncDisposableStack,
): Promise<Runtime> {
  const { settings, projectDir, host, signal } = options;
  const server = await openLocalServer(settings.port);
  resources.defer(() => server.close());
  const folder = await takeDataFolder(settings.dataDir, { ...settings, port: server.port });
  resources.defer(() => folder.release());
  await packageService(projectDir, {
    onSlow: () => options.say('Packaging the service ...'),
    signal,
  });

  const tables = await startTableEmulator({ path: folder.tableDir });
  resources.defer(() => tables.close());
  const queues = await startQueueEmulator(region);
  resources.defer(() => queues.close());
  const stack = readStack(await readFile(path.join(projectDir, templatePath), 'utf8'), {
    accountId,
    region,
    stackName: 'outlast-local',
    queueEndpoint: queues.endpoint,
  });
  const sqs = queueClient(queues.endpoint, region);
  resources.defer(() => sqs.destroy());
  const tableEndpoint = settings.tableEndpoint ?? tables.endpoint;
  const queueEndpoint = settings.queueEndpoint ?? queues.endpoint;
  const sourceSqs = queueClient(queueEndpoint, region);
  resources.defer(() => sourceSqs.destroy());
  await Promise.all([createTables(tables, region, stack.tables), createQueues(sqs, stack.queues)]);

  const upstream = chooseUpstream(settings);
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const apiKey = host['LOCAL_API_KEY'] || 'sk-outlast-local';
  const defaults = {
    PUBLIC_BASE_URL: baseUrl,
    LOCAL_API_KEY: apiKey,
    CALLBACK_HTTP_LOOPBACK: 'yes',
    ...(upstream.kind === 'demo' && (await demoModel(resources))),
  };
  const logging: LogOptions = {
    logDir: folder.logDir,
    ...(settings.verbose && { onLog: (line, name) => options.say(`${name}: ${line}`) }),
  };
  signal.throwIfAborted();
  const codeIn = (fn: TemplateFunction) =>
    unpackFunction(fn, path.join(projectDir, packageDir), folder.codeDir);
  const lambda = await startFunctions(stack, codeIn, {
    environment: (template) =>
      functionEnvironment(template, stack, {
        region,
        tableEndpoint,
        queueEndpoint,
        defaults,
        host,
      }),
    logging,
    settings,
  });
  resources.defer(() => lambda.close());
  await warmAll(
    lambda,
    stack.functions.map(({ name }) => name),
  );
  signal.throwIfAborted();

  const log = openLog('runtime', logging);
  resources.defer(() => log.close());
  const triggers = startTriggers(stack, { lambda, sqs: sourceSqs, onLog: log.write });
  resources.defer(() => triggers.stop());
  const onFault = (fault: unknown) => {
    if (!signal.aborted) options.complain(fault);
  };
  const gateway = createGateway(stack.api, lambda, onFault);
  server.serve(localRoutes(gateway, { lambda, sqs, queues: stack.queues }));
  await folder.publish({
    url: baseUrl,
    region,
    tableEndpoint: tables.endpoint,
    tableNames: stack.tables.map(({ name }) => name),
    queueEndpoint: queues.endpoint,
    queueUrls: stack.queues.map(({ url }) => url),
  });
  return { baseUrl, apiKey, logDir: folder.logDir, upstream };
}

async function demoModel(resources: AsyncDisposableStack): Promise<Record<string, string>> {
  const model = await startDemoModel({ host: '127.0.0.1', port: 0 });
  resources.defer(() => model.close());
  return demoDefaults(model.baseUrl);
}

async function startFunctions(
  stack: Stack,
  codeIn: (fn: TemplateFunction) => Promise<string>,
  options: {
    environment(template: Record<string, string>): Record<string, string>;
    logging: LogOptions;
    settings: Pick<Settings, 'functionTimeoutMs' | 'preload'>;
  },
): Promise<LocalLambda> {
  const { functionTimeoutMs = Number.POSITIVE_INFINITY, preload } = options.settings;
  const specs = stack.functions.map(async (fn) => ({
    name: fn.name,
    logicalId: fn.logicalId,
    bundleDir: await codeIn(fn),
    handler: fn.handler,
    memoryMb: fn.memoryMb,
    timeoutMs: Math.min(fn.timeoutMs, functionTimeoutMs),
    environment: options.environment(fn.environment),
    ...(preload !== undefined && { preload }),
    ...(fn.maxConcurrency !== undefined && { maxConcurrency: fn.maxConcurrency }),
  }));
  return startLambda(await Promise.all(specs), options.logging);
}
