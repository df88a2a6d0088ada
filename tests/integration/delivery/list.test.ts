import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoDeliveries } from '../../../lib/adapters/dynamo-deliveries.ts';
import { type Delivery, type DeliveryKey, newDelivery } from '../../../lib/callback/delivery.ts';
import { after } from '../../../lib/job/time.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

const hourMs = 60 * 60_000;
const newTenant = (): string => `tenant-${randomBytes(6).toString('hex')}`;
const nameOf = ({ jobId, deliveryNo, target }: DeliveryKey): string =>
  [jobId, deliveryNo, target].join(' ');

const scene = () => {
  const clock = testClock();
  const deliveries = dynamoDeliveries(table.client, table.tableName, clock);
  const tenant = newTenant();
  const put = (jobId: string, deliveryNo: number, target = 'own', livesMs = 10 * hourMs) => {
    const resultExpiresAtMs = after(clock.nowMs(), livesMs);
    const from = { jobId, deliveryNo, target, tenant, url: 'https://a.example.com/' };
    return deliveries.create(newDelivery({ ...from, resultExpiresAtMs }, clock.nowMs()));
  };
  const begin = randomBytes(12).toString('hex');
  const idOf = (prefix: string, index: number): string =>
    `${prefix}_${begin}${String(index).padStart(8, '0')}`;
  const page = (limit: number, last?: DeliveryKey) =>
    deliveries.list({ tenant, state: 'pending', after: last, limit });
  return { clock, put, page, idOf };
};

test('a page is full as long as there are more, whatever has expired between', async () => {
  const { clock, put, page, idOf } = scene();
  const old = Array.from({ length: 4 }, (_, index) => idOf('gen', index));
  const young = Array.from({ length: 40 }, (_, index) => idOf('gen', 100 + index));
  await Promise.all(old.map((id) => put(id, 1)));
  await Promise.all(young.map((id) => put(id, 1, 'own', 1)));
  clock.leap(2 * hourMs);
  expect((await page(3)).map(({ jobId }) => jobId)).toEqual(old.slice(1).reverse());
});

test('pages of any size show each delivery once, those of the newest jobs first', async () => {
  const { put, page, idOf } = scene();
  const made = [
    ...Array.from({ length: 60 }, (_, index) => [idOf('gen', 5), index + 1, 'own'] as const),
    ...Array.from({ length: 5 }, (_, index) => [idOf('resp', 4), 1, `cbe_${index}`] as const),
    [idOf('gen', 6), 1, 'own'] as const,
    [idOf('chatcmpl', 7), 2, 'own'] as const,
    [idOf('gen', 3), 1, 'own'] as const,
  ];
  await Promise.all(made.map(([id, deliveryNo, target]) => put(id, deliveryNo, target)));
  for (const limit of [1, 7, 100]) {
    const found: Delivery[] = [];
    for (;;) {
      const next = await page(limit, found.at(-1));
      found.push(...next);
      if (next.length < limit) break;
    }
    expect(found).toHaveLength(made.length);
    expect(new Set(found.map(nameOf)).size).toBe(made.length);
    const times = found.map(({ jobId }) => jobId.slice(jobId.indexOf('_')));
    expect(times).toEqual(times.toSorted().reverse());
  }
});
