import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { formatSecret, parseSecret, signatureHeaders } from '../../../lib/callback/sign.ts';
import { epochMs, toEpochSeconds } from '../../../lib/job/time.ts';

const openai = new OpenAI({ apiKey: 'unused' });
const now = () => toEpochSeconds(epochMs(Date.now()));
const key = () => randomBytes(32);
const message = { id: 'wh_0192_1', body: '{"type":"response.completed"}' };

const whyUnusable = (text: string) => {
  const reading = parseSecret(text);
  return reading.kind === 'unusable' ? reading.why : undefined;
};

describe('signatureHeaders', () => {
  it('signs the example of the specification’s reference libraries as they do', () => {
    const reading = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    if (reading.kind !== 'key') throw new Error('The secret cannot be read.');
    const headers = signatureHeaders({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: toEpochSeconds(epochMs(1_614_265_330_000)),
      body: '{"test": 2432232314}',
      keys: [reading.key],
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is verified by the standardwebhooks package and by the OpenAI SDK, whatever the body', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.string({ unit: fc.constantFrom('x', '.', '\n', '\u0000', 'é', '語', '🎉', '\ud800') }),
        async (bytes, text) => {
          const body = JSON.stringify({ text });
          const secret = formatSecret(bytes);
          const headers = signatureHeaders({ id: 'wh_1', at: now(), body, keys: [bytes] });
          expect(new Webhook(secret).verify(body, headers)).toEqual({ text });
          expect(await openai.webhooks.unwrap(body, { ...headers }, secret)).toEqual({ text });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is verified with either secret while one replaces the other, and with no third', async () => {
    const [first, second, third] = [key(), key(), key()];
    const headers = signatureHeaders({ ...message, at: now(), keys: [first, second] });
    expect(headers['webhook-signature']).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
    for (const valid of [first, second]) {
      const secret = formatSecret(valid);
      expect(() => new Webhook(secret).verify(message.body, headers)).not.toThrow();
      await openai.webhooks.verifySignature(message.body, { ...headers }, secret);
    }
    expect(() => new Webhook(formatSecret(third)).verify(message.body, headers)).toThrow();
    await expect(
      openai.webhooks.verifySignature(message.body, { ...headers }, formatSecret(third)),
    ).rejects.toThrow();
  });

  it('covers the id, the time and the body', () => {
    const secret = key();
    const at = now();
    const headers = signatureHeaders({ ...message, at, keys: [secret] });
    const webhook = new Webhook(formatSecret(secret));
    const forged = [
      [message.body, { ...headers, 'webhook-id': 'wh_0192_2' }],
      [message.body, { ...headers, 'webhook-timestamp': String(at - 1) }],
      [`${message.body} `, headers],
    ] as const;
    for (const [body, changed] of forged) expect(() => webhook.verify(body, changed)).toThrow();
  });

  it('refuses an id that could be read as another id and a time', () => {
    for (const id of ['', 'wh_1.1700000000', 'wh 1', 'wh_1\r\nx: y', 'wh_ü', 'w'.repeat(129)]) {
      expect(() => signatureHeaders({ ...message, id, at: now(), keys: [key()] })).toThrow();
    }
  });
});

describe('a secret', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        const text = formatSecret(bytes);
        expect(text).toMatch(/^whsec_[\w+/]+={0,2}$/);
        expect(parseSecret(text)).toEqual({ kind: 'key', key: Buffer.from(bytes) });
      }),
    );
  });

  it('of fewer than 24 or more than 64 bytes is neither written nor read', () => {
    for (const bytes of [0, 23, 65]) {
      expect(() => formatSecret(new Uint8Array(bytes))).toThrow(`${bytes} bytes`);
      const text = `whsec_${Buffer.alloc(bytes).toString('base64')}`;
      expect(whyUnusable(text)).toBe(`is made of ${bytes} bytes, not of 24 to 64`);
    }
  });

  it('that cannot be read is told apart by what is wrong, without a word of it', () => {
    const encoded = Buffer.alloc(32, 0xff).toString('base64');
    const wrong = [
      [encoded, 'does not start with whsec_'],
      [`whsk_${encoded}`, 'does not start with whsec_'],
      [`WHSEC_${encoded}`, 'does not start with whsec_'],
      [`whsec_${encoded.slice(0, -1)}`, 'is not padded base64 after whsec_'],
      [`whsec_${encoded}\n`, 'is not padded base64 after whsec_'],
      [`whsec_ ${encoded}`, 'is not padded base64 after whsec_'],
      [`whsec_${encoded.replaceAll('/', '_')}`, 'is not padded base64 after whsec_'],
      [`whsec_${'é'.repeat(32)}`, 'is not padded base64 after whsec_'],
    ] as const;
    for (const [text, why] of wrong) expect(whyUnusable(text)).toBe(why);
  });
});
