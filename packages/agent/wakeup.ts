/** Lets a loop sleep until something happens. A wake between two waits is not lost: the next wait ends at once. */
import type { Clock } from "@larder/service";

export class Wakeup {
  readonly #clock: Clock;
  #controller = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#controller.abort();
  }

  /** Resolves after `ms`, or when woken; at once when woken since the last wait. */
  async wait(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#controller.signal);
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
  }
}
