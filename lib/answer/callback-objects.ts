import { callbackEventTypes } from '../callback/event.ts';
import type { CallbackKey } from '../callback/keys.ts';
import { readOutcome } from '../callback/schedule.ts';
import { formatSecret } from '../callback/sign.ts';
import type { EndpointTest } from '../delivery/endpoints.ts';
import { toEpochSeconds } from '../job/time.ts';
import type { CallbackEndpoint, CallbackSecret } from '../ports/callbacks.ts';

/** The id under which a tenant's default secret is asked for. */
export const defaultSecretId = 'default';

/** Until when the key before the newest signs along. */
const previousUntil = (keys: readonly CallbackKey[]): number | null => {
  const untilMs = keys[1]?.expiresAtMs;
  return untilMs === undefined ? null : toEpochSeconds(untilMs);
};

/** What is shown of an endpoint, which is all but what signs. Times are seconds since the epoch. */
export const endpointObject = (endpoint: CallbackEndpoint) => ({
  id: endpoint.id,
  object: 'callback_endpoint',
  url: endpoint.url,
  events: endpoint.events ?? callbackEventTypes,
  status: endpoint.disabled === undefined ? 'enabled' : 'disabled',
  /** `gone`: it answered 410. `failing`: five days without one success. */
  disabled_reason: endpoint.disabled ?? null,
  failing_since:
    endpoint.failingSinceMs === undefined ? null : toEpochSeconds(endpoint.failingSinceMs),
  created_at: toEpochSeconds(endpoint.createdAtMs),
  previous_secret_expires_at: previousUntil(endpoint.keys),
});

/** The newest secret, for the one answer that shows it. */
export const secretOf = (keys: readonly CallbackKey[]): string => {
  const [newest] = keys;
  if (newest === undefined) throw new TypeError('There is no secret.');
  return formatSecret(newest.key);
};

/** `created_at` is null before the first job that names its own URL, or the first rotation. */
export const defaultSecretObject = (secret: CallbackSecret | undefined) => ({
  id: defaultSecretId,
  object: 'callback_secret',
  created_at: secret?.keys[0] === undefined ? null : toEpochSeconds(secret.keys[0].createdAtMs),
  previous_secret_expires_at: previousUntil(secret?.keys ?? []),
});

/** What the receiver said. */
export const testObject = ({ webhookId, outcome, endpoint }: EndpointTest) => ({
  object: 'callback_test',
  endpoint_id: endpoint.id,
  webhook_id: webhookId,
  delivered: readOutcome(outcome) === 'delivered',
  status: outcome.kind === 'answered' ? outcome.status : null,
  error: outcome.kind === 'answered' ? null : outcome.why,
  duration_ms: outcome.kind === 'refused_target' ? 0 : outcome.tookMs,
  first_bytes: outcome.kind === 'answered' ? outcome.firstBytes : null,
});
