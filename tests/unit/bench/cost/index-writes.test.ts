import { expect, test } from 'vitest';
import { indexWriteUnits } from '../../../../bench/cost/index-writes.ts';

const due = ['dueShard', 'dueAtMs'];
const tenant = ['listTenant', 'pk'];
const job = { pk: { S: 'gen_1' }, dueShard: { N: '3' }, dueAtMs: { N: '100' } };

test('an item that comes into two indexes costs one unit in each', () => {
  const listed = { ...job, listTenant: { S: 'acme' } };
  expect(indexWriteUnits([due, tenant], undefined, listed)).toBe(2);
});

test('a write that leaves the keys alone costs nothing in the index', () => {
  expect(indexWriteUnits([due, tenant], job, { ...job, status: { S: 'queued' } })).toBe(0);
});

test('a key that moves is a deletion and an insertion', () => {
  expect(indexWriteUnits([due], job, { ...job, dueAtMs: { N: '200' } })).toBe(2);
});

test('an item that loses a key of a sparse index leaves it for one unit', () => {
  const { dueAtMs: _, ...ended } = job;
  expect(indexWriteUnits([due], job, ended)).toBe(1);
  expect(indexWriteUnits([due], job, undefined)).toBe(1);
});

test('an item without the keys is in no index', () => {
  expect(indexWriteUnits([due, tenant], undefined, { pk: { S: 'gen_1' } })).toBe(0);
});
