/** A step that is taken again and again at a steady rate, and later when it takes longer: a closed loop with pauses. */
export class Steady {
  #isStopping = false;
  readonly #running: Promise<void>[] = [];

  /** `perSecond` of all `count` together, whose steps are spread over the time. */
  start(count: number, perSecond: number, step: (index: number) => Promise<void>): void {
    const everyMs = (1000 * count) / perSecond;
    for (let index = 0; index < count; index++)
      this.#running.push(this.#repeat(everyMs, (everyMs * index) / count, () => step(index)));
  }

  async #repeat(everyMs: number, firstMs: number, step: () => Promise<void>): Promise<void> {
    let dueMs = performance.now() + firstMs;
    while (!this.#isStopping) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await Bun.sleep(waitMs);
      await step();
      dueMs = Math.max(dueMs + everyMs, performance.now());
    }
  }

  /** Resolves when each has taken its last step. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#running);
  }
}
