import { Fault } from '../../../lib/errors.ts';
import type { SubmitDeps } from '../../../lib/generation/submit.ts';
import { after } from '../../../lib/job/time.ts';
import type { ContentStore } from '../../../lib/ports/content.ts';
import type { IdempotencyKeys, KeyRecord } from '../../../lib/ports/idempotency-keys.ts';
import type { Queue } from '../../../lib/ports/queues.ts';
import { noLimits } from '../../fixtures/no-limits.ts';
import { unseen } from '../../fixtures/unseen.ts';
import type { Bent } from '../protocol/step.ts';
import { jobStore } from './job-store.ts';
import { noAnswer } from './no-answer.ts';
import type { Stage } from './stage.ts';
import { upstreamsOf } from './upstream.ts';

/** The ports as one actor has them: every call that others can see or hinder waits on the stage. */
export type ModelDeps = SubmitDeps;

/** What is in the store beside the job. */
export type Cellar = { requests: Map<string, unknown>; key: KeyRecord | undefined };

const contentStore = (stage: Stage, actor: string, cellar: Cellar): ContentStore => ({
  putRequest: async (_, upload, request) => {
    cellar.requests.set(upload, request);
    return 1;
  },
  getRequest: async ({ upload }) => {
    const request = cellar.requests.get(upload);
    if (request === undefined) throw new Fault('item_unreadable', 'The request is not there.');
    return request;
  },
  dropRequest: async (_, upload) => void cellar.requests.delete(upload),
  putChunk: (_, chunk) =>
    stage.call(actor, 'put chunk', () => [
      {
        label: `puts chunk ${chunk.attempt}/${chunk.first}`,
        act: () => {
          const others = stage.facts.chunks.filter(
            ({ attempt, first }) => attempt !== chunk.attempt || first !== chunk.first,
          );
          stage.change({ chunks: [...others, chunk] });
        },
      },
    ]),
  readChunks: (job) =>
    stage.call(actor, 'read chunks', () => [
      {
        label: 'reads the chunks',
        act: () =>
          stage.facts.chunks.filter(({ attempt }) =>
            job.segments.some((segment) => segment.attempt === attempt),
          ),
      },
    ]),
  putFinal: (_, attempt, final) =>
    stage.call(actor, 'put final', () => [
      {
        label: 'puts the final object',
        act: () => {
          const others = stage.facts.finals.filter((one) => one.attempt !== attempt);
          stage.change({ finals: [...others, { attempt, text: textOf(final) }] });
          return 1;
        },
      },
    ]),
  purge: () =>
    stage.call(actor, 'purge', () => [
      {
        label: 'purges',
        act: () => {
          cellar.requests.clear();
          stage.change({ chunks: [], finals: [] });
        },
      },
    ]),
  getFinal: async (_, { attempt }) =>
    stage.facts.finals.find((final) => final.attempt === attempt)?.text,
});

const textOf = (final: unknown): string =>
  typeof final === 'object' && final !== null && 'text' in final ? String(final.text) : '';

const queueOf = (stage: Stage, actor: string): Queue => ({
  send: (_, __, delayMs) => {
    const put = (): void => {
      const visibleAtMs = after(stage.facts.nowMs, delayMs);
      const messages = [...stage.facts.messages, visibleAtMs].sort((a, b) => a - b);
      stage.change({ messages });
    };
    const fail = (): never => {
      throw noAnswer('queue_unavailable');
    };
    return stage.call(actor, 'send', () => [
      { label: 'sends', act: put },
      { label: 'is refused by the queue', cost: 'losses', act: fail },
      {
        label: 'sends, unanswered',
        cost: 'losses',
        act: () => {
          put();
          return fail();
        },
      },
    ]);
  },
});

const keysOf = (stage: Stage, actor: string, cellar: Cellar): IdempotencyKeys => ({
  find: async () => cellar.key,
  reserve: (_, __, record) => {
    const take = (): KeyRecord => {
      cellar.key ??= record;
      return cellar.key;
    };
    return stage.call(actor, 'reserve', () => [
      { label: 'reserves the key', act: take },
      {
        label: 'reserves the key, unanswered',
        cost: 'doubts',
        act: () => {
          take();
          throw noAnswer('store_unavailable');
        },
      },
    ]);
  },
  release: async () => {
    cellar.key = undefined;
  },
});

/** The ports of one actor. Clocks, ids and upstreams give every run the same. */
export const portsOf = (
  stage: Stage,
  actor: string,
  given: {
    readonly cellar: Cellar;
    readonly adoptable: boolean;
    readonly parks?: boolean;
    readonly bent: Bent;
  },
): ModelDeps => {
  let ids = 0;
  const next = (): string => {
    ids += 1;
    return `${actor}/${ids}`;
  };
  const silent = (): void => undefined;
  return {
    jobs: jobStore(stage, actor, given.bent),
    content: contentStore(stage, actor, given.cellar),
    idempotencyKeys: keysOf(stage, actor, given.cellar),
    queue: queueOf(stage, actor),
    ...noLimits,
    // No job here has a callback.
    deliveryQueue: { send: async () => undefined },
    upstreams: upstreamsOf(stage, actor, given),
    health: {
      prefetch: () => undefined,
      mayCall: async () => ({ kind: 'go' }),
      giveBack: async () => undefined,
      report: async () => undefined,
    },
    ...unseen,
    clock: {
      nowMs: () => stage.facts.nowMs,
      sleep: (ms, signal) => stage.sleep(actor, ms, signal),
    },
    ids: { next, nonce: next, random: () => 0.999, secretBytes: (count) => new Uint8Array(count) },
    log: { info: silent, warn: silent, error: silent },
  };
};
