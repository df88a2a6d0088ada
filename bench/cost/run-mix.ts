import { setTimeout as delay } from 'node:timers/promises';
import { generate, later, readResult, untilEnded, untilQuiet } from './client.ts';
import { drawMix, modelOf, short } from './mix.ts';
import { type Stand, type StandOptions, startStand } from './stand.ts';
import { type Use, withoutIdle } from './use.ts';

export type MixOptions = {
  readonly stand: StandOptions;
  readonly generations: number;
  /** How many times as fast time runs at the upstream. */
  readonly speed: number;
  /** Between two requests. */
  readonly everyMs: number;
  /** The queue's messages pile up while requests come in, so that every batch is full. */
  readonly burst: boolean;
};

/** What the mix used, and the text its clients have. */
export type MixOutcome = { readonly use: Use; readonly textBytes: number };

const completed = ({ status, text }: { status: string; text?: string | null | undefined }) => {
  if (status !== 'completed') throw new Error(`a generation ended ${status}`);
  return Buffer.byteLength(text ?? '');
};

const send = async (stand: Stand, { stand: _, ...mix }: MixOptions) => {
  const release = mix.burst ? await stand.holdQueue() : () => undefined;
  const sent = drawMix(mix.generations).map(async (kind, index) => {
    await delay(index * mix.everyMs);
    return generate(stand, modelOf(kind, mix.speed), `Question ${index}`, {
      ...(kind === short ? {} : later),
    });
  });
  const answers = await Promise.all(sent);
  release();
  return answers;
};

/**
 * Runs the mix once. A short generation is answered in its own call; who asks for a longer one prefers
 * not to wait, is told of its end (by a callback, say, which is not in this), and then fetches the
 * result once.
 */
export const runMix = async (options: MixOptions): Promise<MixOutcome> => {
  const stand = await startStand(options.stand);
  try {
    const answers = await send(stand, options);
    const jobs = answers.filter(({ httpStatus }) => httpStatus === 202);
    await untilEnded(stand, jobs);
    let textBytes = 0;
    for (const answer of answers) {
      textBytes += completed(answer.httpStatus === 202 ? await readResult(stand, answer) : answer);
    }
    await untilQuiet(stand);
    return { use: withoutIdle(stand.take()), textBytes };
  } finally {
    await stand.close();
  }
};
