import { describe, expect, it } from 'vitest';
import * as limits from '../../lib/limits.ts';

describe('the limits', () => {
  it('let a lease be renewed twice before it runs out', () => {
    expect(limits.leaseRenewMs * 3).toBeLessThanOrEqual(limits.leaseMs);
  });

  it('let a worker that died be replaced within two minutes', () => {
    const sweepEveryMs = 60_000;
    const worst = limits.leaseMs + limits.clockSkewMs + sweepEveryMs;
    expect(worst).toBeLessThan(120_000);
  });

  it('keep a held reply within the gateway’s idle limit of 5 minutes', () => {
    expect(limits.waitMaxMs + limits.reserveMs).toBeLessThanOrEqual(5 * 60_000);
  });

  it('let the store repeat an uncertain write well before the lease is lost', () => {
    expect(limits.reserveMs).toBeLessThan(limits.leaseMs - limits.leaseRenewMs);
  });

  it('let a body of the largest size into a Lambda event, escaped or in base64', () => {
    expect(limits.maxBodyBytes * (4 / 3)).toBeLessThan(6_000_000);
  });

  it('keep one job from opening a circuit by itself', () => {
    expect(limits.maxStrikes).toBeLessThan(limits.circuitFailures);
  });

  it('let a success anywhere be told before failures are old enough to open a circuit', () => {
    expect(limits.circuitRowMs).toBeGreaterThanOrEqual(2 * limits.healthFreshMs);
  });

  it('have a circuit closed within a minute of its upstream’s return', () => {
    expect(limits.circuitOpenMaxMs + 3 * limits.healthFreshMs).toBeLessThan(60_000);
    expect(limits.circuitOpenFirstMs).toBeLessThanOrEqual(limits.circuitOpenMaxMs);
  });

  it('remember as many calls as decide about a circuit', () => {
    expect(limits.circuitSample).toBeGreaterThanOrEqual(2 * limits.circuitFailures);
    expect(limits.trialAnswers).toBeLessThan(limits.circuitSample);
  });

  it('leave a job that runs alone more than the renewals and the reserve of its function', () => {
    expect(limits.aloneMinMs).toBeGreaterThan(limits.leaseMs + limits.reserveMs);
  });

  it('let a read’s mark outlive the pause until the next one', () => {
    expect(limits.followMs).toBeGreaterThan(2 * limits.checkpointFollowedMs);
  });
});
