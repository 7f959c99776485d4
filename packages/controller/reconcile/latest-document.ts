/** A document of which only the newest version counts. A reader that is slow misses the versions in between. */
export class LatestDocument<T> {
  #current: T | undefined;
  readonly #waiters = new Set<() => void>();

  get current(): T | undefined {
    return this.#current;
  }

  publish(document: T): void {
    this.#current = document;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves once there is a version other than `seen`, or when the signal aborts. */
  async changedFrom(seen: T | undefined, signal: AbortSignal): Promise<void> {
    if (this.#current !== seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener("abort", done);
    });
  }
}
