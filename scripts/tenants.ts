import { liftLimits } from '../lib/access/lift-limits.ts';
import { findTenant, listTenants } from '../lib/access/list-tenants.ts';
import { setLimits } from '../lib/access/set-limits.ts';
import { composeKeys } from '../lib/compose/keys.ts';
import { CommandFault } from './aws/command-fault.ts';
import { explain, isUnreachable } from './aws/explain.ts';
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
  try {
    return await carryOut(command, composeKeys(place));
  } catch (thrown) {
    if (place.unreachable !== undefined && isUnreachable(thrown))
      throw new CommandFault(place.unreachable);
    throw thrown;
  }
}

try {
  console.log((await run(process.argv.slice(2))).join('\n'));
} catch (thrown) {
  console.error(explain(thrown));
  process.exitCode = 1;
}
