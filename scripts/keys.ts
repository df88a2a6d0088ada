import { showableSecret } from '../lib/access/callback-secret.ts';
import { createKey } from '../lib/access/create-key.ts';
import { listKeys } from '../lib/access/list-keys.ts';
import { revokeKey } from '../lib/access/revoke-key.ts';
import { rotateSigningKey } from '../lib/access/rotate-signing-key.ts';
import { composeKeys } from '../lib/compose/keys.ts';
import { atPlace, printCommand } from './aws/at-place.ts';
import { CommandFault } from './aws/command-fault.ts';
import { type KeysCommand, parseKeysCommand } from './keys/arguments.ts';
import { findKeyPlace } from './keys/key-place.ts';
import {
  showCallbackSecret,
  showCreated,
  showKeys,
  showRevoked,
  showRotation,
} from './keys/show.ts';

async function carryOut(
  command: KeysCommand,
  deps: ReturnType<typeof composeKeys>,
  apiUrl: string | undefined,
): Promise<readonly string[]> {
  switch (command.verb) {
    case 'create': {
      const { key, secret } = await createKey(deps, command);
      return showCreated(key, secret, apiUrl);
    }
    case 'list': {
      const keys = await listKeys(deps, command.tenant);
      if (keys.length === 0) throw new CommandFault(`The tenant ${command.tenant} has no keys.`);
      return showKeys(keys, deps.clock.nowMs());
    }
    case 'callback-secret':
      return showCallbackSecret(await showableSecret(deps, command.tenant));
    case 'rotate-signing':
      return showRotation(await rotateSigningKey(deps));
    case 'revoke': {
      const { tenant } = command;
      const key = await revokeKey(deps, tenant, command.keyId);
      if (key !== undefined) return showRevoked(key);
      throw new CommandFault(
        `The tenant ${tenant} has no key ${command.keyId}: npm run keys -- list --tenant ${tenant} shows those it has; a new one shows after a moment.`,
      );
    }
  }
}

async function run(args: readonly string[]): Promise<readonly string[]> {
  const command = parseKeysCommand(args);
  const place = await findKeyPlace(command.target);
  return atPlace(place, () => carryOut(command, composeKeys(place), place.apiUrl));
}

await printCommand(run);
