import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { startDemoModel } from '../../local/demo-model/demo-model.ts';
import { generate, readResult, untilEnded, untilQuiet } from '../cost/client.ts';
import { drawMix, type Kind, modelOf, tokensOf } from '../cost/mix.ts';
import { startStand } from '../cost/stand.ts';
import { promptFor, startLengthByPrompt } from './length-by-prompt.ts';

export type WasteOptions = {
  readonly packageDir: string;
  /** Chat cannot be resumed; responses in background mode can. */
  readonly protocol: 'chat' | 'responses';
  /** Whether one model writes texts of all lengths, or each length has a model of its own. */
  readonly models: 'one' | 'each';
  readonly generations: number;
  readonly speed: number;
  readonly everyMs: number;
};

/** What was paid for and what was got. */
export type Waste = {
  readonly generatedTokens: number;
  readonly deliveredTokens: number;
  /** Requests answered in the call they came with. */
  readonly atOnce: number;
  /** Upstream generations, of which there is to be one a request. */
  readonly calls: number;
};

const logSchema = z.array(z.looseObject({ tokensSent: z.number(), open: z.boolean() }));

/** What the upstream has generated, once it generates no more. */
const generated = async (demoUrl: string): Promise<z.infer<typeof logSchema>> => {
  for (;;) {
    const log = await fetch(new URL('/_demo/generations', demoUrl));
    const entries = logSchema.parse(await log.json());
    if (entries.every(({ open }) => !open)) return entries;
    await delay(250);
  }
};

const defaultWaitMs = 25_000;

/**
 * Runs the mix through `/generate` as plain clients do, with the default wait, scaled as the
 * generations are; and counts what the upstream generated, whoever got it.
 */
export const runWaste = async (options: WasteOptions): Promise<Waste> => {
  const { protocol, models, generations, speed, everyMs } = options;
  await using opened = new AsyncDisposableStack();
  const opening = async <T extends { close(): Promise<void> }>(made: Promise<T>): Promise<T> =>
    opened.adopt(await made, (one) => one.close());
  const demo = await opening(startDemoModel());
  const upstream = await opening(startLengthByPrompt(demo.baseUrl));
  const stand = await opening(
    startStand({
      packageDir: options.packageDir,
      upstreamUrl: upstream.baseUrl,
      workers: 20,
      variables: {
        OPENAI_PROTOCOL: protocol,
        WAIT_DEFAULT_MS_GENERATE: String(Math.round(defaultWaitMs / speed)),
      },
    }),
  );

  const ask = async (kind: Kind, index: number): Promise<{ atOnce: boolean; tokens: number }> => {
    await delay(index * everyMs);
    const model = modelOf(kind, speed);
    const first = await generate(
      stand,
      models === 'each' ? model : 'demo-of-all-lengths',
      promptFor(model, `Question ${index}.`),
    );
    const atOnce = first.httpStatus === 200;
    if (!atOnce) await untilEnded(stand, [first]);
    const { status } = atOnce ? first : await readResult(stand, first);
    return { atOnce, tokens: status === 'completed' ? tokensOf(kind) : 0 };
  };
  const answers = await Promise.all(drawMix(generations).map(ask));
  await untilQuiet(stand);
  const log = await generated(demo.baseUrl);
  return {
    generatedTokens: log.reduce((sum, { tokensSent }) => sum + tokensSent, 0),
    deliveredTokens: answers.reduce((sum, { tokens }) => sum + tokens, 0),
    atOnce: answers.filter(({ atOnce }) => atOnce).length,
    calls: log.length,
  };
};
