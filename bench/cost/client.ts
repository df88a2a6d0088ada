import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { localKey, type Stand } from './stand.ts';

const answerSchema = z.looseObject({
  id: z.string(),
  status: z.string(),
  text: z.string().nullish(),
  result_url: z.string(),
});

/** What a client was told of its generation. */
export type Told = z.infer<typeof answerSchema> & { readonly httpStatus: number };

const lookEveryMs = 250;
const repeatFirstMs = 1_000;
const ended: readonly (string | undefined)[] = ['completed', 'incomplete', 'failed', 'cancelled'];

type Request = {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
};

const send = (stand: Stand, method: string, path: string, request: Request): Promise<Response> => {
  const { body, headers } = request;
  return fetch(`${stand.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${localKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
};

/**
 * A request to the stand with its key, counted as the gateway would count it; sent again, less and
 * less often, where the service could not take it just now.
 */
export const request = async (
  stand: Stand,
  method: string,
  path: string,
  options: Request = {},
): Promise<Response> => {
  for (let tries = 0; ; tries += 1) {
    stand.countRequest(tries > 0);
    const response = await send(stand, method, path, options);
    if (response.status !== 503) return response;
    await response.body?.cancel();
    await delay(repeatFirstMs * 2 ** Math.min(tries, 4));
  }
};

const told = async (response: Response): Promise<Told> => {
  const text = await response.text();
  const read = answerSchema.safeParse(JSON.parse(text));
  if (read.success) return { ...read.data, httpStatus: response.status };
  throw new Error(`the service answered ${response.status}: ${text}`);
};

/** `POST /generate`. */
export const generate = async (
  stand: Stand,
  model: string,
  prompt: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> =>
  told(await request(stand, 'POST', '/generate', { body: { model, prompt }, headers }));

/** Prefers not to wait. */
export const later = { prefer: 'respond-async' } as const;

const pathOf = (resultUrl: string): string => {
  const { pathname, search } = new URL(resultUrl);
  return `${pathname}${search}`;
};

/** The result as it is now, or once it is there if that is within the preferred wait. */
export const readResult = async (
  stand: Stand,
  { result_url }: Pick<Told, 'result_url'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> => told(await request(stand, 'GET', pathOf(result_url), { headers }));

/** Resolves once the jobs have ended; nobody follows them, nor is billed for looking. */
export const untilEnded = async (
  stand: Stand,
  jobs: readonly Pick<Told, 'id'>[],
): Promise<void> => {
  let pending = [...jobs];
  while (pending.length > 0) {
    const statuses = await Promise.all(pending.map(({ id }) => stand.status(id)));
    pending = pending.filter((_, index) => !ended.includes(statuses[index]));
    if (pending.length > 0) await delay(lookEveryMs);
  }
};

/** Resolves once no function runs, so that all there is to be billed has been. */
export const untilQuiet = async ({ lambda }: Stand): Promise<void> => {
  const isBusy = (): boolean =>
    lambda.status().some(({ sandboxes }) => sandboxes.some(({ busy }) => busy));
  // The last lines are logged a moment after the end.
  do await delay(lookEveryMs);
  while (isBusy());
};
