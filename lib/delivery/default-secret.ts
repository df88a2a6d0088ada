import { rotateKeys } from '../callback/keys.ts';
import { callbackKeyBytes } from '../callback/sign.ts';
import { Fault } from '../errors.ts';
import type { CallbackSecret } from '../ports/callbacks.ts';
import type { Deps } from '../ports.ts';

type SecretDeps = Pick<Deps, 'callbackSecrets' | 'clock' | 'ids'>;

const tries = 4;

const contended = (): Fault =>
  new Fault('store_unavailable', 'The callback secret changes too fast. Please try again.', {
    retryAfterMs: 1_000,
  });

const added = (
  deps: SecretDeps,
  tenant: string,
  before: CallbackSecret | undefined,
): CallbackSecret => ({
  tenant,
  keys: rotateKeys(before?.keys ?? [], deps.ids.secretBytes(callbackKeyBytes), deps.clock.nowMs()),
  rev: (before?.rev ?? 0) + 1,
});

/** The tenant's default secret, made now if it has none. Throws Fault `store_unavailable`. */
export const defaultSecret = async (deps: SecretDeps, tenant: string): Promise<CallbackSecret> => {
  for (let tried = 0; tried < tries; tried += 1) {
    const found = await deps.callbackSecrets.find(tenant);
    if (found !== undefined) return found;
    const made = added(deps, tenant, undefined);
    if ((await deps.callbackSecrets.save(made)) === 'saved') return made;
  }
  throw contended();
};

/** A new default secret; the one before signs along for 24 h. Throws Fault `store_unavailable`. */
export const rotateDefaultSecret = async (
  deps: SecretDeps,
  tenant: string,
): Promise<CallbackSecret> => {
  for (let tried = 0; tried < tries; tried += 1) {
    const next = added(deps, tenant, await deps.callbackSecrets.find(tenant));
    if ((await deps.callbackSecrets.save(next)) === 'saved') return next;
  }
  throw contended();
};
