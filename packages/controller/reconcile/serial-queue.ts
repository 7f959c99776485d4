/**
 * Runs one task at a time for each key, any number of keys side by side. A key that is marked while its task runs is run
 * once more afterwards, however often it was marked. A task that throws is run again after a pause that grows.
 */
import { backoffMs, type Clock, type Log, type Randomness } from "@larder/service";

const retry = { firstMs: 50, maxMs: 10_000 };

export class SerialQueue {
  readonly #run: (key: string) => Promise<void>;
  readonly #context: { clock: Clock; randomness: Randomness; log: Log; signal: AbortSignal };
  /** Keys whose task runs; true: marked again meanwhile. */
  readonly #running = new Map<string, boolean>();
  readonly #attempts = new Map<string, number>();
  readonly #done = new Set<Promise<void>>();

  constructor(
    run: (key: string) => Promise<void>,
    context: { clock: Clock; randomness: Randomness; log: Log; signal: AbortSignal },
  ) {
    this.#run = run;
    this.#context = context;
  }

  mark(key: string): void {
    if (this.#context.signal.aborted) return;
    if (this.#running.has(key)) {
      this.#running.set(key, true);
      return;
    }
    this.#running.set(key, false);
    const done = this.#drain(key).finally(() => this.#done.delete(done));
    this.#done.add(done);
  }

  /** Resolves when every task that runs has ended. */
  async idle(): Promise<void> {
    while (this.#done.size > 0) await Promise.all(this.#done);
  }

  async #drain(key: string): Promise<void> {
    const { signal } = this.#context;
    do {
      this.#running.set(key, false);
      await this.#runOnce(key);
    } while (this.#running.get(key) === true && !signal.aborted);
    this.#running.delete(key);
  }

  async #runOnce(key: string): Promise<void> {
    const { clock, randomness, log, signal } = this.#context;
    try {
      await this.#run(key);
      this.#attempts.delete(key);
    } catch (error) {
      const attempt = this.#attempts.get(key) ?? 0;
      this.#attempts.set(key, attempt + 1);
      log.warn({ key, attempt, err: error }, "reconciling failed");
      await clock.sleep(backoffMs(attempt, retry, randomness), signal);
      this.#running.set(key, true);
    }
  }
}
