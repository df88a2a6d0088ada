/**
 * The runtime inside a sandbox: what AWS's own Node.js runtime does between the Runtime API and a
 * handler, and no more. It knows nothing of the process that started it but the environment.
 *
 *   load ──► next ──► call ──► response | error ──► next …
 *     └─ init/error, exit 1      └─ uncaught: error, exit 129 (rejection: 128)
 */
import { toErrorReport } from './error-report.ts';
import { installAwslambda } from './runtime/awslambda.ts';
import { connectRuntimeApi } from './runtime/client.ts';
import { patchConsole } from './runtime/console.ts';
import { invocationContext } from './runtime/context.ts';
import { type Handler, loadHandler } from './runtime/handler.ts';
import { holdLifeline } from './runtime/lifeline.ts';
import { responseStream } from './runtime/response-stream.ts';

const client = connectRuntimeApi(variable('AWS_LAMBDA_RUNTIME_API'));
let requestId: string | undefined;

holdLifeline();
patchConsole(() => requestId);
installAwslambda();
process.on('uncaughtException', (error) => void crash('Uncaught Exception', error, 129));
process.on('unhandledRejection', (reason) => {
  const error = new Error(String(reason), { cause: reason });
  error.name = 'Runtime.UnhandledPromiseRejection';
  void crash('Unhandled Promise Rejection', error, 128);
});

void serve();

// No top-level await: a handler that never settles ends a process with nothing left to do, quietly.
async function serve(): Promise<never> {
  const handler = await load();
  for (;;) await runOne(handler);
}

async function load(): Promise<Handler> {
  try {
    return await loadHandler(variable('LAMBDA_TASK_ROOT'), variable('_HANDLER'));
  } catch (error) {
    return crash('Init Error', error, 1);
  }
}

async function runOne({ streaming, call }: Handler): Promise<void> {
  requestId = undefined;
  const { headers, body } = await client.next().catch(endWithService);
  const context = invocationContext(headers, process.env);
  requestId = context.awsRequestId;
  const trace = headers['lambda-runtime-trace-id'];
  if (typeof trace === 'string') process.env['_X_AMZN_TRACE_ID'] = trace;
  const event: unknown = JSON.parse(body);

  if (streaming) await runStreaming(call, event, context);
  else await runBuffered(call, event, context);
}

async function runBuffered(
  call: Handler['call'],
  event: unknown,
  context: { awsRequestId: string },
): Promise<void> {
  const answered = await answerOf(() => call(event, context));
  if (answered.kind === 'returned') await client.respond(context.awsRequestId, answered.json);
  else await client.fail(context.awsRequestId, toErrorReport(answered.error));
}

async function answerOf(call: () => unknown) {
  try {
    const json: string | undefined = JSON.stringify(await call());
    return { kind: 'returned', json: json ?? 'null' } as const;
  } catch (error) {
    console.error('Invoke Error', error);
    return { kind: 'threw', error } as const;
  }
}

async function runStreaming(
  call: Handler['call'],
  event: unknown,
  context: { awsRequestId: string },
): Promise<void> {
  const { request, accepted } = client.openResponse(context.awsRequestId);
  // A stream the handler destroyed has no answer to wait for; what it threw is told instead.
  const taken = accepted.catch(() => undefined);
  const { stream, fail } = responseStream(request);
  try {
    await call(event, stream, context);
    await taken;
    if (!request.writableFinished) throw new Error('Response stream is not finished.');
  } catch (error) {
    console.error('Invoke Error', error);
    if (request.destroyed) await client.fail(context.awsRequestId, toErrorReport(error));
    else {
      await fail(toErrorReport(error));
      await taken;
    }
  }
}

async function crash(what: string, error: unknown, exitCode: number): Promise<never> {
  console.error(what, error);
  const report = toErrorReport(error);
  await (requestId === undefined ? client.failInit(report) : client.fail(requestId, report)).catch(
    () => undefined,
  );
  process.exit(exitCode);
}

/** The Runtime API is this process's reason to run: when it is gone, so is the sandbox. */
function endWithService(): never {
  process.exit(1);
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}
