import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoTenantUsage } from '../../../lib/adapters/dynamo-tenant-usage.ts';
import { Fault } from '../../../lib/errors.ts';
import { lookUpRates } from '../../../lib/middleware/rates-left.ts';
import { rateHeaders, ratesOf } from '../../../lib/wire/rates.ts';
import { type Engine, startEngine } from '../../fixtures/engine.ts';
import { accepted, limitedTenant } from '../../fixtures/limited.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const limits = { requestsPerMinute: 1_000, tokensPerDay: 50_000 };

describe('an answer to a request that was not counted', () => {
  const made = async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, limits);
    const { charge } = await accepted(deps, limited, { respondAsync: true, waitMs: 0 });
    const usage = dynamoTenantUsage(engine.table.client, engine.table.tableName);
    return { deps: { ...deps, usage }, tenant: limited.tenant, charge };
  };

  test('tells what is left as well', async () => {
    const { deps, tenant, charge } = await made();
    const rates = ratesOf(limits);
    await lookUpRates(deps, tenant, rates);
    expect(rates.tokens?.remaining).toBe(50_000 - (charge?.tokens ?? 0));
    // A minute may have gone by between.
    expect(rates.requests?.remaining).toBeGreaterThanOrEqual(999);
    expect(rateHeaders(rates)).toMatchObject({
      'x-ratelimit-reset-requests': expect.stringMatching(/^(\d+m)?\d+s$/),
      'x-ratelimit-reset-tokens': expect.stringMatching(/^(\d+h)?(\d+m)?\d+s$/),
    });
  });

  test('is not kept from its client by a store that is silent or fails: it tells the limits', async () => {
    const { deps, tenant } = await made();
    const told = { 'x-ratelimit-limit-requests': '1000', 'x-ratelimit-limit-tokens': '50000' };
    for (const answer of [
      () => new Promise<number>(() => undefined),
      () => Promise.reject(new Fault('store_unavailable', 'No answer.')),
    ]) {
      const rates = ratesOf(limits);
      const usage = { requests: answer, tokens: answer };
      await lookUpRates({ ...deps, usage }, tenant, rates);
      expect(rateHeaders(rates)).toEqual(told);
    }
  });

  test('costs a tenant without such limits no read', async () => {
    const { deps, tenant } = await made();
    const uncalled = (): never => {
      throw new Error('It was read.');
    };
    const rates = ratesOf({});
    await lookUpRates({ ...deps, usage: { requests: uncalled, tokens: uncalled } }, tenant, rates);
    expect(rateHeaders(rates)).toEqual({});
  });
});
