import { formatSecret } from '../callback/sign.ts';
import { defaultSecret } from '../delivery/default-secret.ts';
import { Fault } from '../errors.ts';
import type { Deps } from '../ports.ts';
import { parseTenantName } from './tenant-name.ts';

/**
 * The secret that signs the callbacks of a tenant's jobs that name their own URL; made now if there is
 * none. Throws Faults `invalid_value`, `store_unavailable` or `item_unreadable`.
 */
export const showableSecret = async (
  deps: Pick<Deps, 'callbackSecrets' | 'clock' | 'ids'>,
  name: string,
): Promise<{ readonly tenant: string; readonly secret: string }> => {
  const tenant = parseTenantName(name);
  const [newest] = (await defaultSecret(deps, tenant)).keys;
  if (newest === undefined) throw new Fault('item_unreadable', 'There is no secret.');
  return { tenant, secret: formatSecret(newest.key) };
};
