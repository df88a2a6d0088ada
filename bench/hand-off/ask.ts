import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Service } from '../../tests/fixtures/service.ts';
import type { createTraces, JobTrace } from './trace.ts';

type Place = {
  readonly service: Service;
  readonly demoUrl: string;
  readonly traces: ReturnType<typeof createTraces>;
  nowMs(): number;
};

const generationsSchema = z.array(
  z.object({ prompt: z.string(), startedAtMs: z.number(), endedAtMs: z.number().nullable() }),
);

/** Whether the job has ended; waits for that at the result URL up to so many seconds. */
const hasEnded = async (resultUrl: string, waitSeconds: number): Promise<boolean> => {
  const reply = await fetch(resultUrl, { headers: { prefer: `wait=${waitSeconds}` } });
  const { status } = z.object({ status: z.string() }).parse(await reply.json());
  if (reply.status === 202) return false;
  if (status !== 'completed') throw new Error(`a job of the bench ended as ${status}`);
  return true;
};

type Asked = { readonly trace: JobTrace; readonly resultUrl: string };

const ask = async ({ service, traces, nowMs }: Place, prompt: string): Promise<Asked> => {
  const startedAtMs = nowMs();
  const { status, body } = await service.post({ prompt }, { prefer: 'respond-async' });
  const acceptedMs = nowMs() - startedAtMs;
  if (status !== 202) throw new Error(`a request of the bench was answered ${status}`);
  const trace = traces.of(body.id);
  trace.acceptedMs = acceptedMs;
  return { trace, resultUrl: body.result_url };
};

/** Notes what the upstream's own log says of these prompts. */
const addUpstream = async (
  { demoUrl }: Place,
  prompts: readonly string[],
  asked: readonly Asked[],
): Promise<readonly JobTrace[]> => {
  // What was seen last is noted just after it was passed on.
  await sleep(50);
  const log = await fetch(new URL('/_demo/generations', demoUrl));
  const generations = new Map(
    generationsSchema.parse(await log.json()).map((one) => [one.prompt, one] as const),
  );
  return prompts.flatMap((prompt, index) => {
    const trace = asked[index]?.trace;
    const generation = generations.get(prompt);
    if (trace === undefined || generation === undefined) return [];
    trace.upstreamStartedAtMs = generation.startedAtMs;
    if (generation.endedAtMs !== null) trace.upstreamEndedAtMs = generation.endedAtMs;
    return [trace];
  });
};

/** Has the prompt answered over the queue while a reader waits, and tells when each step was. */
export const askAlone = async (place: Place, prompt: string): Promise<readonly JobTrace[]> => {
  const asked = await ask(place, prompt);
  while (!(await hasEnded(asked.resultUrl, 20)));
  asked.trace.readAtMs = place.nowMs();
  return addUpstream(place, [prompt], [asked]);
};

/** Has these prompts answered over the queue at once; nobody waits for them. */
export const askCrowd = async (
  place: Place,
  prompts: readonly string[],
): Promise<readonly JobTrace[]> => {
  const asked: Asked[] = [];
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (let index = client; index < prompts.length; index += 8) {
      asked[index] = await ask(place, prompts[index] ?? '');
    }
  });
  await Promise.all(clients);
  for (const { resultUrl } of asked) while (!(await hasEnded(resultUrl, 0))) await sleep(200);
  return addUpstream(place, prompts, asked);
};
