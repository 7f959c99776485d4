/** Keys to which something has happened in this process a moment ago. The oldest are forgotten when there are too many. */
import type { Clock } from "../clock.ts";
import { outputCacheLimits } from "./options.ts";

export class RecentKeys {
  readonly #clock: Clock;
  readonly #forMs: number;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock, forMs: number) {
    this.#clock = clock;
    this.#forMs = forMs;
  }

  add(key: string): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.#clock.monotonicMs() + this.#forMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > outputCacheLimits.recentKeysMax) this.#untilMs.delete(oldest as string);
  }

  has(key: string): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (this.#clock.monotonicMs() < untilMs) return true;
    this.#untilMs.delete(key);
    return false;
  }
}
