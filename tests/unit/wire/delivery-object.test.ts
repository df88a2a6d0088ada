import { expect, it, test } from 'vitest';
import { newDelivery } from '../../../lib/callback/delivery.ts';
import { epochMs } from '../../../lib/job/time.ts';
import { parseDeliveriesQuery } from '../../../lib/wire/deliveries-query.ts';
import { readDeliveryMessage } from '../../../lib/wire/delivery-message.ts';
import { deliveryId, deliveryObject, parseDeliveryId } from '../../../lib/wire/delivery-object.ts';

const key = { jobId: 'gen_01a1', deliveryNo: 2, target: 'cbe_01a2' };

it('a delivery is found again by its id', () => {
  expect(parseDeliveryId(deliveryId(key))).toEqual(key);
  for (const id of [
    '',
    'gen_01a1',
    'gen_01a1.0.own',
    'x_01.1.own',
    'gen_01a1.1.other',
    'gen_01a1.1.own ',
  ]) {
    expect(parseDeliveryId(id)).toBeUndefined();
  }
});

it('the log shows a URL without its query, which may be a secret', () => {
  const delivery = newDelivery(
    {
      ...key,
      tenant: 'acme',
      url: 'https://hooks.example.com/jobs?key=secret#part',
      resultExpiresAtMs: epochMs(2),
    },
    epochMs(1),
  );
  expect(JSON.stringify(deliveryObject(delivery))).not.toContain('secret');
  expect(deliveryObject(delivery)).toMatchObject({
    url: 'https://hooks.example.com/jobs',
    webhook_id: 'wh_01a1_2',
    endpoint_id: 'cbe_01a2',
    status: 'pending',
    attempts: [],
  });
});

test.each([
  [{ status: 'done' }, 'status'],
  [{ limit: '0' }, 'limit'],
  [{ limit: '101' }, 'limit'],
  [{ after: 'gen_01' }, 'after'],
])('the query %j is refused by name', (query, param) => {
  expect(() => parseDeliveriesQuery(query)).toThrow(
    expect.objectContaining({ reported: expect.objectContaining({ param }) }),
  );
});

it('a query without a state asks for all of them', () => {
  expect(parseDeliveriesQuery({})).toEqual({
    limit: 20,
    states: ['pending', 'delivered', 'failed'],
    after: undefined,
  });
});

test.each([
  ['{"v":1,"jobId":"gen_1","deliveryNo":1}', 'message'],
  ['{"v":1,"jobId":"gen_1","deliveryNo":1,"target":"own"}', 'message'],
  ['{"v":2,"jobId":"gen_1"}', 'newer'],
  ['{"v":1,"jobId":"gen_1","deliveryNo":0}', 'unreadable'],
  ['{"v":1,"deliveryNo":1}', 'unreadable'],
  ['nonsense', 'unreadable'],
])('the message %s is %s', (body, kind) => {
  expect(readDeliveryMessage(body)).toMatchObject({ kind });
});
