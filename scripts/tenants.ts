import { liftLimits } from '../lib/access/lift-limits.ts';
import { findTenant, listTenants } from '../lib/access/list-tenants.ts';
import { setLimits } from '../lib/access/set-limits.ts';
import { composeKeys } from '../lib/compose/keys.ts';
import { atPlace, printCommand } from './aws/at-place.ts';
import { findKeyPlace } from './keys/key-place.ts';
import { parseTenantsCommand, type TenantsCommand } from './tenants/arguments.ts';
import { showChanged, showTenant, showTenants } from './tenants/show.ts';

async function carryOut(
  command: TenantsCommand,
  deps: ReturnType<typeof composeKeys>,
): Promise<readonly string[]> {
  switch (command.verb) {
    case 'list':
      return showTenants(await listTenants(deps));
    case 'show':
      return showTenant(command.tenant, await findTenant(deps, command.tenant));
    case 'set':
      return showChanged(command.tenant, await setLimits(deps, command.tenant, command.limits));
    case 'unset':
      return showChanged(command.tenant, await liftLimits(deps, command.tenant, command.limits));
  }
}

async function run(args: readonly string[]): Promise<readonly string[]> {
  const command = parseTenantsCommand(args);
  const place = await findKeyPlace(command.target);
  return atPlace(place, () => carryOut(command, composeKeys(place)));
}

await printCommand(run);
