import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pack, unpack } from '../../../lib/adapters/pack.ts';

test('what is packed is gzip of its JSON, whatever its size, and is read back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.jsonValue(),
        fc.integer({ min: 0, max: 900 }).map((count) => 'aé'.repeat(count)),
      ),
      async (value) => {
        const bytes = await pack(value);
        expect(gunzipSync(bytes).toString('utf8')).toBe(JSON.stringify(value));
        expect(await unpack(bytes)).toEqual(JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});

test('the same value is packed to the same bytes', async () => {
  for (const value of [{ text: 'short' }, { text: 'long '.repeat(1_000) }]) {
    expect(Buffer.compare(await pack(value), await pack(structuredClone(value)))).toBe(0);
  }
});

test('a long text is compressed', async () => {
  expect((await pack('long '.repeat(1_000))).length).toBeLessThan(200);
});

test('a packed text with a damaged byte is refused', async () => {
  const bytes = Buffer.from(await pack({ text: 'something that is stored' }));
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  await expect(unpack(bytes)).rejects.toMatchObject({ code: 'item_unreadable' });
});

test('what an earlier version compressed is read', async () => {
  expect(await unpack(gzipSync('{"text":"short"}'))).toEqual({ text: 'short' });
});
