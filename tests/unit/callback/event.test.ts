import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import {
  type CallbackEvent,
  callbackBody,
  callbackEventTypes,
  callbackId,
  type Ended,
} from '../../../lib/callback/event.ts';
import { formatSecret, signatureHeaders } from '../../../lib/callback/sign.ts';
import { epochMs, toEpochSeconds } from '../../../lib/job/time.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const jobId = 'resp_019a2b3c4d5e6f708192a3b4c5d6e7f8';
const resultUrl = `https://example.com/prod/results/${jobId}?expires=1800086400&signature=${'s'.repeat(43)}`;
const ended: Ended = {
  jobId,
  status: 'completed',
  endedAtMs: noonMs,
  resultUrl,
  metadata: { order: '17' },
};
const read = (body: string): CallbackEvent => JSON.parse(body);

/** As much metadata as a request may hold, of one character. */
const fullMetadata = (char: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: 16 }, (_, n) => [
      String.fromCharCode(97 + n) + char.repeat(63),
      char.repeat(512),
    ]),
  );

describe('callbackBody', () => {
  it('is OpenAI’s envelope around the job’s id, its result URL and its labels', () => {
    expect(read(callbackBody(ended))).toEqual({
      id: 'evt_019a2b3c4d5e6f708192a3b4c5d6e7f8',
      object: 'event',
      type: 'response.completed',
      created_at: 1_800_000_000,
      data: { id: jobId, result_url: resultUrl, metadata: { order: '17' } },
    });
    expect(read(callbackBody({ ...ended, metadata: undefined })).data.metadata).toEqual({});
  });

  it('is told apart by type when the OpenAI SDK has unwrapped it', async () => {
    const openai = new OpenAI({ apiKey: 'unused' });
    const key = randomBytes(32);
    const seen: string[] = [];
    for (const status of ['completed', 'failed', 'cancelled', 'incomplete'] as const) {
      const body = callbackBody({ ...ended, status });
      const headers = signatureHeaders({
        id: callbackId(jobId, 1),
        at: toEpochSeconds(epochMs(Date.now())),
        body,
        keys: [key],
      });
      const event = await openai.webhooks.unwrap(body, { ...headers }, formatSecret(key));
      // Each comparison narrows the SDK's own union of events.
      if (event.type === 'response.completed') seen.push(event.type, event.data.id);
      if (event.type === 'response.failed') seen.push(event.type, event.data.id);
      if (event.type === 'response.cancelled') seen.push(event.type, event.data.id);
      if (event.type === 'response.incomplete') seen.push(event.type, event.data.id);
    }
    expect(seen).toEqual(callbackEventTypes.flatMap((type) => [type, jobId]));
  });

  it('holds all metadata that a request may have in ASCII', () => {
    const metadata = fullMetadata('x');
    expect(read(callbackBody({ ...ended, metadata })).data).toEqual({
      id: jobId,
      result_url: resultUrl,
      metadata,
    });
  });

  it('leaves metadata out whole, and says so, when it would take 20 kB', () => {
    for (const char of ['\u0001', '語', '\ud800']) {
      const body = callbackBody({ ...ended, metadata: fullMetadata(char) });
      expect(read(body).data).toEqual({
        id: jobId,
        result_url: resultUrl,
        metadata: null,
        metadata_omitted: true,
      });
    }
  });

  it('is under 20 kB whatever the metadata, with a result URL of up to 16 kB', () => {
    const char = fc.constantFrom('x', '"', '\u0001', 'é', '語', '\ud800');
    const pair = fc
      .tuple(char, fc.nat(63), fc.nat(512))
      .map(([c, keyChars, valueChars]) => [c + c.repeat(keyChars), c.repeat(valueChars)] as const);
    const metadata = fc
      .array(pair, { maxLength: 16 })
      .map((pairs) => Object.fromEntries(pairs.map(([key, value], n) => [`${n}${key}`, value])));
    fc.assert(
      fc.property(metadata, fc.nat(16_000), (given, chars) => {
        const body = callbackBody({ ...ended, resultUrl: 'u'.repeat(chars), metadata: given });
        expect(Buffer.byteLength(body)).toBeLessThan(20_000);
        const { data } = read(body);
        expect(data.metadata ?? given).toEqual(JSON.parse(JSON.stringify(given)));
        expect(data.metadata === null).toBe(data.metadata_omitted === true);
      }),
    );
  });
});

describe('callbackId', () => {
  it('is the same for every attempt of a delivery and differs between deliveries and jobs', () => {
    expect(callbackId(jobId, 1)).toBe('wh_019a2b3c4d5e6f708192a3b4c5d6e7f8_1');
    expect(callbackId(jobId, 1)).toBe(callbackId(jobId, 1));
    expect(new Set([callbackId(jobId, 1), callbackId(jobId, 2), callbackId('gen_2', 1)]).size).toBe(
      3,
    );
  });
});
