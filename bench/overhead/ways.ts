import path from 'node:path';
import { startService } from '../../tests/fixtures/service.ts';
import { functionVariables } from '../harness/function-variables.ts';
import type { Asked } from './ask.ts';
import { cpuMsOf, startChild } from './children.ts';
import { install, isInstalled, startPortkey } from './portkey.ts';

/** A way by which a request gets to the model. */
export type Way = {
  readonly name: string;
  /** Of a chat completion, plain or streamed. */
  chat(model: string, stream: boolean): Asked;
  /** CPU time of the one process that it leads through, in ms; NaN where there are several. */
  cpuMs(): Promise<number>;
};

export type Ways = {
  readonly direct: Way;
  /** Undefined where its packages are not installed and are not to be. */
  readonly portkey: Way | undefined;
  /** `npm start`: gateway, authorizer, Lambda, table. */
  readonly outlast: Way;
  /** The function alone, in one process, on a table in memory. */
  readonly own: Way;
  /** The same service's `POST /generate`. */
  readonly generate: Way;
  /** What the local runtime takes to get an answer out of a function that does nothing. */
  readonly hop: Way;
  close(): Promise<void>;
};

const prompt = 'Why do rivers bend?';
const key = 'sk-outlast-local';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const chatBody = (model: string, stream: boolean): string =>
  JSON.stringify({
    model,
    messages: [{ role: 'user', content: prompt }],
    ...(stream ? { stream } : {}),
  });

const unknownCpu = async (): Promise<number> => Number.NaN;

const chatWay = (
  name: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  cpuMs = unknownCpu,
): Way => ({
  name,
  chat: (model, stream) => ({
    method: 'POST',
    url: new URL(url),
    headers,
    body: chatBody(model, stream),
  }),
  cpuMs,
});

/** Inline requests are measured: the model's first ones too, of which no duration is known yet. */
const atOnce = { ADMIT_UNSEEN: 'inline' };

const script = (name: string): string => path.join(import.meta.dirname, name);

/** Brings up every server, each in processes of its own, all in front of one demo model. */
export const startWays = async ({ mayInstall }: { mayInstall: boolean }): Promise<Ways> => {
  await using opened = new AsyncDisposableStack();
  const opening = async <T extends { close(): Promise<unknown> }>(starting: Promise<T>) =>
    opened.adopt(await starting, async (started) => void (await started.close()));

  const demo = script('../../local/demo-model/main.ts');
  const { ready: upstream } = await opening(
    startChild([demo, '--port', '0'], /ready at (http:\S+)/),
  );
  const variables = { ...functionVariables(upstream), ...atOnce };
  const own = await opening(startChild([script('function-host.ts')], /^ready (\d+)/, variables));
  const service = await startService({
    OPENAI_BASE_URL: upstream,
    OPENAI_API_KEY: key,
    OPENAI_PROTOCOL: 'chat',
    ...atOnce,
  });
  opened.defer(() => service.interrupt());
  if (!isInstalled() && mayInstall) await install();
  const portkey = isInstalled() ? await opening(startPortkey()) : undefined;
  const resources = opened.move();

  const chatPath = '/v1/chat/completions';
  return {
    direct: chatWay('direct', `${upstream}/chat/completions`, bearer(key)),
    portkey:
      portkey &&
      chatWay(
        'Portkey',
        `${portkey.url}${chatPath}`,
        { ...bearer(key), 'x-portkey-provider': 'openai', 'x-portkey-custom-host': upstream },
        () => cpuMsOf(portkey.pid),
      ),
    outlast: chatWay('Outlast, npm start', `${service.url}${chatPath}`, bearer(key)),
    own: chatWay('Outlast, one process', `http://127.0.0.1:${own.ready}${chatPath}`, {}, () =>
      cpuMsOf(own.pid),
    ),
    generate: {
      name: 'Outlast, npm start, /generate',
      chat: (model) => ({
        method: 'POST',
        url: new URL(`${service.url}/generate`),
        headers: bearer(key),
        body: JSON.stringify({ model, prompt, max_output_tokens: 100 }),
      }),
      cpuMs: unknownCpu,
    },
    hop: {
      name: 'local runtime, GET /health',
      chat: () => ({ method: 'GET', url: new URL(`${service.url}/health`), headers: {}, body: '' }),
      cpuMs: unknownCpu,
    },
    close: () => resources.disposeAsync(),
  };
};
