/** Counts, per key, the requests that met a fault limited by `times=`. */
export class FaultTurns {
  readonly #taken = new Map<string, number>();

  /** True, and one turn fewer, while the key has met the fault less than `times` times. */
  take(key: string, times: number | null): boolean {
    if (times === null) return true;
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= times) return false;
    this.#taken.set(key, taken + 1);
    return true;
  }

  /** Every key has all its turns again. */
  reset(): void {
    this.#taken.clear();
  }
}
