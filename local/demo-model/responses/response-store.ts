import type { ResponseRecord } from './response-record.ts';

const maxRecords = 1_000;
/** Of events and input together; what is kept of a long response is a few MiB. */
const maxBytes = 128 * 1024 * 1024;
const bytesPerEvent = 400;

/** The stored responses; the oldest that have ended make room for new ones. */
export class ResponseStore {
  readonly #records = new Map<string, ResponseRecord>();

  keep(record: ResponseRecord): void {
    this.#records.set(record.id, record);
    let bytes = 0;
    for (const kept of this.#records.values()) bytes += bytesOf(kept);
    for (const [id, kept] of this.#records) {
      if (this.#records.size <= maxRecords && bytes <= maxBytes) return;
      if (!kept.ended) continue;
      this.#records.delete(id);
      bytes -= bytesOf(kept);
    }
  }

  /** A response that goes on without a connection, or has ended; null for any other. */
  find(id: string): ResponseRecord | null {
    const record = this.#records.get(id);
    return record && (record.request.background || record.ended) ? record : null;
  }

  drop(id: string): void {
    this.#records.delete(id);
  }

  /** Stops what still runs and forgets everything. */
  reset(): void {
    for (const record of this.#records.values()) {
      if (record.request.background) record.stop('deleted');
    }
    this.#records.clear();
  }
}

function bytesOf({ eventCount, request }: ResponseRecord): number {
  return request.bodyBytes + eventCount * bytesPerEvent;
}
