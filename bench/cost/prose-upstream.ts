import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { relayServer } from '../../tests/fixtures/deployment/aws-relay.ts';

export type ProseUpstream = { readonly baseUrl: string; close(): Promise<void> };

/** What a generation is to be like. */
export type Prose = { readonly seconds: number; readonly tokensPerSecond: number };

/** The model's name for it. */
export const proseModel = ({ seconds, tokensPerSecond }: Prose): string =>
  `prose-${seconds}-${tokensPerSecond}`;

const tokenChars = 4;

/** Text that people wrote, since it is stored compressed: this project's own pages. */
const readProse = async (): Promise<string> => {
  const names = (await readdir('docs/decisions')).toSorted();
  const pages = names.map((name) => readFile(path.join('docs/decisions', name), 'utf8'));
  return (await Promise.all(pages)).join('\n');
};

const sendChunk = (response: ServerResponse, choice: object, rest: object = {}): void => {
  const chunk = {
    ...{ id: 'chatcmpl-prose', object: 'chat.completion.chunk', created: 1, model: 'prose' },
    choices: [{ index: 0, finish_reason: null, ...choice }],
    ...rest,
  };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
};

const tell = async (response: ServerResponse, model: string, prose: string): Promise<void> => {
  const [, seconds = '1', rate = '1'] = model.split('-');
  const tokens = Number(seconds) * Number(rate);
  const startedMs = performance.now();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  sendChunk(response, { delta: { role: 'assistant', content: '' } });
  for (let index = 0; index < tokens; index += 1) {
    const dueMs = startedMs + (index * 1e3) / Number(rate);
    await delay(Math.max(0, dueMs - performance.now()));
    const from = (index * tokenChars) % (prose.length - tokenChars);
    sendChunk(response, { delta: { content: prose.slice(from, from + tokenChars) } });
  }
  const usage = { prompt_tokens: 10, completion_tokens: tokens, total_tokens: tokens + 10 };
  sendChunk(response, { delta: {}, finish_reason: 'stop' }, { usage });
  response.end('data: [DONE]\n\n');
};

/** A chat upstream on a free port that writes prose at a steady pace. */
export const startProseUpstream = async (): Promise<ProseUpstream> => {
  const prose = await readProse();
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: unknown = JSON.parse(await text(incoming));
    const model: unknown = Reflect.get(Object(body), 'model');
    await tell(response, String(model), prose);
  };
  const server = relayServer(answer);
  return { baseUrl: `http://127.0.0.1:${await server.open(0)}/v1`, close: server.close };
};
