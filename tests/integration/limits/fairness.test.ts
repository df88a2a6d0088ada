import { expect, test } from 'vitest';
import { acceptSubmission } from '../../../lib/generation/accept-submission.ts';
import { work } from '../../../lib/generation/work.ts';
import type { UpstreamServer } from '../../../lib/ports/upstreams.ts';
import { finishChunk, startChunk, textChunk } from '../../fixtures/chat-chunks.ts';
import { submission, unending } from '../../fixtures/engine.ts';
import { memoryDeps, progressOf } from '../../fixtures/memory-deps.ts';
import { testClock } from '../../fixtures/test-clock.ts';

const batchSize = 10;
const backlog = 10_000;
const slots = 5;
const limitsOf = (tenant: string) => (tenant === 'greedy' ? { jobsInFlight: slots } : {});

/** Generations whose prompt begins with `long` end when they are told to. */
const patientUpstream = () => {
  const held: (() => void)[] = [];
  const upstream: UpstreamServer = {
    name: 'patient',
    protocol: 'chat',
    adoptable: false,
    async *open(call) {
      yield startChunk();
      yield textChunk('text');
      if (JSON.stringify(call).includes('long')) {
        const { promise, resolve } = Promise.withResolvers<void>();
        held.push(resolve);
        await promise;
      }
      yield finishChunk();
    },
    resume: () => {
      throw new Error('not adoptable');
    },
    retrieve: () => Promise.reject(new Error('not adoptable')),
    cancel: async () => undefined,
    models: async () => [],
  };
  return {
    upstream,
    running: () => held.length,
    finish: () => {
      for (const end of held.splice(0)) end();
    },
  };
};

test('a backlog of ten thousand long jobs delays another tenant by one batch at most', async () => {
  const model = patientUpstream();
  const { deps, jobs, take } = memoryDeps(testClock(), model.upstream, limitsOf);
  const queue = (tenant: string, prompt: string) =>
    acceptSubmission(deps, {
      ...submission({ prompt, respondAsync: true, waitMs: 0 }),
      tenant,
      limits: limitsOf(tenant),
    });
  /** The one worker there is takes the next messages, and is done when all of their jobs are. */
  const startBatch = () => {
    const messages = take(batchSize);
    const done = Promise.all(messages.map((message) => work(deps, message, unending())));
    return { messages, done };
  };

  for (let made = 0; made < backlog; made += 1) await queue('greedy', `long ${made}`);
  const first = startBatch();
  expect(first.messages).toHaveLength(slots);
  await expect.poll(model.running).toBe(slots);
  await queue('modest', 'short');
  model.finish();
  await first.done;

  const second = startBatch();
  await expect.poll(() => progressOf(jobs, 'modest').ended).toBe(1);
  expect(progressOf(jobs, 'greedy')).toEqual({
    ended: slots,
    running: slots,
    queued: backlog - 2 * slots,
  });
  model.finish();
  await second.done;

  for (let batch = 3; batch <= 40; batch += 1) {
    const { messages, done } = startBatch();
    expect(messages).toHaveLength(slots);
    await expect.poll(model.running).toBe(slots);
    model.finish();
    await done;
    expect(progressOf(jobs, 'greedy')).toMatchObject({ ended: batch * slots, running: 0 });
  }
});
