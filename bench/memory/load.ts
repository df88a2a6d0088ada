import { once } from 'node:events';
import { createServer } from 'node:http';
import * as z from 'zod/mini';
import { patientFetch } from '../../tests/fixtures/patient-fetch.ts';
import type { Service } from '../../tests/fixtures/service.ts';

export type Load = {
  /** Jobs at once: as many as one run of the worker takes. */
  readonly jobs: number;
  readonly promptBytes: number;
  readonly outputTokens: number;
};

/** A receiver of callbacks that is content with all of them. */
const receiver = async (): Promise<{ readonly url: string; close(): void }> => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const read = async (url: string): Promise<number> => {
  const response = await patientFetch(url, { headers: { prefer: 'wait=20' } });
  await response.arrayBuffer();
  return response.status;
};

const authorized = { authorization: 'Bearer sk-outlast-local', 'content-type': 'application/json' };

const send = async (url: string, method: string, body?: unknown): Promise<unknown> => {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await patientFetch(url, { method, headers: authorized, ...init });
  if (!response.ok)
    throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
};

const responseSchema = z.object({ id: z.string(), status: z.string() });

/** In the background, and read until it has ended. */
const respond = async (service: Service, body: Readonly<Record<string, unknown>>) => {
  const url = `${service.url}/v1/responses`;
  const created = await send(url, 'POST', { ...body, background: true });
  let { id, status } = responseSchema.parse(created);
  while (status === 'queued' || status === 'in_progress') {
    const response = await patientFetch(`${url}/${id}`, {
      headers: { ...authorized, prefer: 'wait=20' },
    });
    ({ id, status } = responseSchema.parse(await response.json()));
  }
  if (status !== 'completed') throw new Error(`${id} is ${status}`);
  return id;
};

/**
 * A conversation of `turns` answered one after the other, and then as many answers at once to it as
 * there are jobs: each sends the whole of it to the model.
 */
export const converse = async (service: Service, load: Load, turns: number): Promise<void> => {
  const input = 'measure '.repeat(load.promptBytes / 8);
  const model = `demo?tokens=${load.outputTokens}&rate=50000`;
  let previous: string | undefined;
  for (let turn = 0; turn < turns; turn += 1) {
    const earlier = previous === undefined ? {} : { previous_response_id: previous };
    previous = await respond(service, { model: 'demo?tokens=20', input, ...earlier });
  }
  const last = { model, input, previous_response_id: previous };
  await Promise.all(Array.from({ length: load.jobs }, () => respond(service, last)));
};

/**
 * Jobs of that size through every function but the sweep: accepted and queued, run by one worker,
 * read until they have ended, called back about, sent again, deleted.
 */
export const drive = async (service: Service, load: Load): Promise<void> => {
  const callbacks = await receiver();
  const body = {
    model: `demo?tokens=${load.outputTokens}&rate=50000`,
    prompt: 'measure '.repeat(load.promptBytes / 8),
    callback: { url: callbacks.url },
  };
  try {
    const accepted = await Promise.all(
      Array.from({ length: load.jobs }, () => service.post(body, { prefer: 'respond-async' })),
    );
    for (const { status, body: job } of accepted) {
      if (status !== 202) throw new Error(`answered ${status}: ${JSON.stringify(job)}`);
      while ((await read(job.result_url)) === 202);
    }
    for (const { body: job } of accepted) {
      await send(`${service.url}/jobs/${job.id}/redeliver`, 'POST');
      await send(`${service.url}/jobs/${job.id}`, 'GET');
    }
  } finally {
    callbacks.close();
  }
};
