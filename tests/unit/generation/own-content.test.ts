import { expect, test } from 'vitest';
import { ownContent } from '../../../lib/generation/own-content.ts';
import { epochMs } from '../../../lib/job/time.ts';
import type { ContentStore } from '../../../lib/ports/content.ts';

const expiresAtMs = epochMs(1_000);

/** A store that tells what was read of it. */
const watchedContent = () => {
  const reads: string[] = [];
  const content: ContentStore = {
    putRequest: async () => 1,
    getRequest: async () => {
      reads.push('request');
      return 'stored request';
    },
    dropRequest: async () => undefined,
    putChunk: async () => undefined,
    readChunks: async () => [],
    putFinal: async (_, attempt) => {
      if (attempt === 9) throw new Error('not written');
      return 1;
    },
    purge: async () => undefined,
    getFinal: async () => {
      reads.push('final');
      return 'stored final';
    },
  };
  return { content, reads };
};

test('a final object that the request has put itself is not read again', async () => {
  const { content, reads } = watchedContent();
  const own = ownContent(content);
  await own.putFinal('job', 1, { text: 'mine' }, expiresAtMs);
  expect(await own.getFinal('job', { attempt: 1, chunks: 1 })).toEqual({ text: 'mine' });
  expect(reads).toEqual([]);
});

test('what another attempt or another job has put comes from the table', async () => {
  const { content, reads } = watchedContent();
  const own = ownContent(content);
  await own.putFinal('job', 1, { text: 'mine' }, expiresAtMs);
  expect(await own.getFinal('job', { attempt: 2, chunks: 1 })).toBe('stored final');
  expect(await own.getFinal('other', { attempt: 1, chunks: 1 })).toBe('stored final');
  expect(reads).toEqual(['final', 'final']);
});

test('what could not be written is not taken for written', async () => {
  const { content } = watchedContent();
  const own = ownContent(content);
  await expect(own.putFinal('job', 9, { text: 'mine' }, expiresAtMs)).rejects.toThrow();
  expect(await own.getFinal('job', { attempt: 9, chunks: 1 })).toBe('stored final');
});

test('after a purge everything comes from the table', async () => {
  const { content } = watchedContent();
  const own = ownContent(content);
  await own.putFinal('job', 1, { text: 'mine' }, expiresAtMs);
  await own.purge('job');
  expect(await own.getFinal('job', { attempt: 1, chunks: 1 })).toBe('stored final');
});

test('two requests share nothing', async () => {
  const { content } = watchedContent();
  await ownContent(content).putFinal('job', 1, { text: 'mine' }, expiresAtMs);
  expect(await ownContent(content).getFinal('job', { attempt: 1, chunks: 1 })).toBe('stored final');
});
