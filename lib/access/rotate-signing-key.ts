import type { Rotation, SigningKeyRotation } from '../ports/keys.ts';

/**
 * A new key for result URLs. Those that the key before it signed stay good until they expire or the
 * next rotation drops that key. Throws Faults `store_unavailable` or `item_unreadable`.
 */
export const rotateSigningKey = (deps: {
  readonly signingKeyRotation: SigningKeyRotation;
}): Promise<Rotation> => deps.signingKeyRotation.rotate();
