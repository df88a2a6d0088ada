import { type CallbackKey, signingWith } from '../callback/keys.ts';
import type { CallbackOutcome } from '../callback/outcome.ts';
import { signatureHeaders } from '../callback/sign.ts';
import { Fault } from '../errors.ts';
import { toEpochSeconds } from '../job/time.ts';
import type { Deps } from '../ports.ts';

/** One POST, signed with every key in force. Throws Fault `item_unreadable` when there is none. */
export const postSigned = async (
  deps: Pick<Deps, 'callbacks' | 'clock'>,
  message: {
    readonly url: string;
    readonly id: string;
    readonly body: string;
    readonly keys: readonly CallbackKey[];
  },
  signal: AbortSignal,
): Promise<CallbackOutcome> => {
  const nowMs = deps.clock.nowMs();
  const [newest, ...others] = signingWith(message.keys, nowMs);
  if (newest === undefined) throw new Fault('item_unreadable', 'There is no key to sign with.');
  const { id, body, url } = message;
  const headers = signatureHeaders({
    id,
    at: toEpochSeconds(nowMs),
    body,
    keys: [newest, ...others],
  });
  return deps.callbacks.post(url, headers, body, signal);
};
