import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { relayServer } from '../../tests/fixtures/deployment/aws-relay.ts';

export type LengthByPrompt = { readonly baseUrl: string; close(): Promise<void> };

const named = /\bmodel<([^>]+)>/;

/** A prompt that asks for a generation of that demo model, whatever model the request names. */
export const promptFor = (model: string, question: string): string => `${question} model<${model}>`;

const withModel = (body: string): string => {
  const model = named.exec(body)?.[1];
  return model === undefined ? body : JSON.stringify({ ...JSON.parse(body), model });
};

/**
 * A model server in front of the demo model, of which one model writes short and long texts: how long
 * is known from the prompt alone, and so not to a service that does not read prompts.
 */
export const startLengthByPrompt = async (demoUrl: string): Promise<LengthByPrompt> => {
  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = withModel(await text(incoming));
    const onward = request(new URL(incoming.url ?? '/', demoUrl), {
      method: incoming.method,
      headers: { ...incoming.headers, 'content-length': Buffer.byteLength(body) },
    });
    // The demo model ends what nobody listens to, as any other.
    response.once('close', () => onward.destroy());
    onward.end(body);
    const [answer]: IncomingMessage[] = await once(onward, 'response');
    if (answer === undefined) throw new Error('no answer');
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    await pipeline(answer, response);
  };
  const server = relayServer(pass);
  return { baseUrl: `http://127.0.0.1:${await server.open(0)}/v1`, close: server.close };
};
