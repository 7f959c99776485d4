/** Loads that wait for another process: woken when it is told that the entry or its lease has changed. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** To be registered before the server is asked, as the news may come with the answer. */
  expect(name: string): { change: Promise<void>; end(): void } {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    let wake = (): void => {};
    const change = new Promise<void>((resolve) => {
      wake = resolve;
    });
    waiting.add(wake);
    const end = () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
    };
    return { change, end };
  }

  isExpected(name: string): boolean {
    return this.#waiting.has(name);
  }

  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  wakeAll(): void {
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake();
  }
}
