import type { EpochMs } from '../job/time.ts';

/** What an `Idempotency-Key` stands for, until it expires. */
export type KeyRecord = {
  readonly jobId: string;
  /** Of the request that came with it first. */
  readonly fingerprint: string;
  readonly expiresAtMs: EpochMs;
};

/**
 * A tenant's idempotency keys, by the SHA-256 (hex) of the key. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface IdempotencyKeys {
  /** Read strongly; undefined when there is none, or none that is in force at `nowMs`. */
  find(tenant: string, keyHash: string, nowMs: EpochMs): Promise<KeyRecord | undefined>;
  /**
   * Puts `record` unless one is in force at `nowMs`; the one that then is. Repeated with the same
   * record it finds that. When it throws, the record may be there or not.
   */
  reserve(tenant: string, keyHash: string, record: KeyRecord, nowMs: EpochMs): Promise<KeyRecord>;
  /** Afterwards the key does not stand for that job. */
  release(tenant: string, keyHash: string, jobId: string): Promise<void>;
}
