import { describe, expect, it } from 'vitest';
import type { CallbackOutcome } from '../../../lib/callback/outcome.ts';
import { newPatience } from '../../../lib/delivery/patience.ts';
import { epochMs } from '../../../lib/job/time.ts';
import { maxTenantDeliveries, slowReceiverMs } from '../../../lib/limits.ts';

const url = 'https://hooks.example.com/jobs';
const timedOut: CallbackOutcome = {
  kind: 'failed',
  why: 'timed_out',
  code: undefined,
  tookMs: 15_000,
};
const answered: CallbackOutcome = {
  kind: 'answered',
  status: 500,
  retryAfterMs: undefined,
  firstBytes: '',
  tookMs: 5,
};

const started = () => {
  let atMs = 1_000_000;
  const patience = newPatience({ nowMs: () => epochMs(atMs) });
  return {
    patience,
    pass: (ms: number) => {
      atMs += ms;
    },
  };
};

it('a tenant has at most half of a batch, and others the rest', () => {
  const { patience } = started();
  const places = Array.from({ length: 10 }, (_, n) => patience.enter('acme', `${url}/${n}`));
  expect(places.filter((place) => place !== undefined)).toHaveLength(maxTenantDeliveries);
  const others = patience.enter('other', url);
  expect(others).toBeDefined();
  places[0]?.leave(answered);
  expect(patience.enter('acme', url)).toBeDefined();
});

describe('a receiver that timed out', () => {
  it('is left alone for a minute, whatever its query, and then tried by one attempt', () => {
    const { patience, pass } = started();
    patience.enter('acme', `${url}?n=1`)?.leave(timedOut);
    expect(patience.enter('acme', `${url}?n=2`)).toBeUndefined();
    expect(patience.enter('acme', `${url}/other`)).toBeDefined();
    expect(patience.enter('other', url)).toBeDefined();
    pass(slowReceiverMs);
    const probe = patience.enter('acme', url);
    expect(probe).toBeDefined();
    expect(patience.enter('acme', url)).toBeUndefined();
    probe?.leave(answered);
    expect(patience.enter('acme', url)).toBeDefined();
  });
});
