import type { EpochMs } from '../job/time.ts';

/** Keys that sign result URLs: the first signs, all verify. Created on first use. */
export interface SigningKeys {
  current(): Promise<readonly Uint8Array[]>;
}

export type ApiKey = {
  readonly id: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: EpochMs;
  /** From then on it is refused; absent for a key that does not expire. */
  readonly expiresAtMs?: EpochMs | undefined;
  readonly revokedAtMs?: EpochMs | undefined;
};

/**
 * API keys by the hash of their secret; the secret itself is nowhere. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface ApiKeyStore {
  /** A revoked or expired key is found too. What was created or revoked before the call is seen. */
  find(secretHash: string): Promise<ApiKey | undefined>;
  /** Done when it resolves; when it throws the key may be there or not. */
  create(key: ApiKey, secretHash: string): Promise<void>;
  /** A tenant's keys, revoked ones too, oldest first. A key of the last moments may be missing. */
  list(tenant: string): Promise<readonly ApiKey[]>;
  /** The key as revoked, by this call or an earlier one; undefined when the tenant has no such key. */
  revoke(tenant: string, keyId: string, atMs: EpochMs): Promise<ApiKey | undefined>;
}

/** What became of the keys that sign result URLs. */
export type Rotation = {
  /** When the new key signs; until then the one before it does. */
  readonly signsFromMs: EpochMs;
  /** When the newest of the keys that still verify beside it was made. */
  readonly keptFromMs: EpochMs | undefined;
  /** When the key that verifies no more was made. */
  readonly droppedFromMs: EpochMs | undefined;
};

export interface SigningKeyRotation {
  /** Throws Faults `store_unavailable`, also when another rotation came between, or `item_unreadable`. */
  rotate(): Promise<Rotation>;
}
