import { type EpochMs, toEpochSeconds } from '../job/time.ts';

/** The event that tries an endpoint out: no job has ended. `name` is fresh for each. */
export const testEvent = (endpointId: string, name: string, nowMs: EpochMs) => ({
  webhookId: `wh_test_${name}`,
  body: JSON.stringify({
    id: `evt_test_${name}`,
    object: 'event',
    type: 'callback_endpoint.test',
    created_at: toEpochSeconds(nowMs),
    data: { id: endpointId },
  }),
});
