import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';

const startSchema = z.object({ importMs: z.number(), threadMs: z.number() });

/** How long one start took: the import, its main thread's share of a processor, the whole process. */
export type Start = z.infer<typeof startSchema> & { readonly processMs: number };

/** Written as JavaScript, so that nothing of Node's reading of TypeScript is in the process. */
const starterText = `
globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: {} };
const before = process.threadCpuUsage();
const startedAt = performance.now();
await import(process.argv[2]);
const importMs = performance.now() - startedAt;
const { user, system } = process.threadCpuUsage(before);
console.log(JSON.stringify({ importMs, threadMs: (user + system) / 1000 }));
process.exit(0);
`;

/** What the template and Lambda give the functions, as far as they read it at their start. */
const environment = {
  PATH: '/usr/bin:/bin',
  HOME: '/home/sbx_user1051',
  TZ: ':UTC',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_NAME: 'measured',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  AWS_SESSION_TOKEN: 'none',
  TABLE_NAME: 'table',
  JOBS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/jobs',
  DELIVERIES_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/deliveries',
  OPENAI_API_KEY_PARAMETER: '/outlast/dev/openai-api-key',
};

/** Prepares a folder to be started from; the returned function starts a bundle once. */
export const starter = async (folder: string): Promise<(url: string) => Start> => {
  const script = path.join(folder, 'start.mjs');
  await writeFile(script, starterText);
  return (url) => {
    const startedAt = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, url], {
      env: environment,
      encoding: 'utf8',
    });
    const processMs = performance.now() - startedAt;
    if (status !== 0) throw new Error(`${url} does not start: ${stderr.slice(-500)}`);
    return { ...startSchema.parse(JSON.parse(stdout)), processMs };
  };
};
