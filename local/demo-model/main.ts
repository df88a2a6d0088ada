import { parseArgs } from 'node:util';
import { startDemoModel } from './demo-model.ts';

const defaultPort = '4010';

try {
  const { values } = parseArgs({
    options: { host: { type: 'string' }, port: { type: 'string', default: defaultPort } },
  });
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= 65_535)) throw new Error(`--port must be from 0 to 65535, not '${values.port}'`);
  const demo = await startDemoModel({ port, ...(values.host && { host: values.host }) });
  console.log(
    `The demo model is ready at ${demo.baseUrl} (any key, model "demo"). Ctrl-C ends it.`,
  );
  const stop = () => void demo.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  console.error(`The demo model did not start: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
