/**
 * One time limit for many promises, with one timer: as all wait equally long, they end in the order in which they began. A timer for each would
 * cost more than the command that it bounds.
 */
import type { Clock } from "../clock.ts";

interface Pending {
  dueMs: number;
  /** null: it has ended in time. */
  expire: (() => void) | null;
}

export class TimedOut extends Error {
  override readonly name = "TimedOut";
  readonly code = "TIMED_OUT";
}

export class Deadlines {
  readonly #ms: number;
  readonly #clock: Clock;
  #queue: Pending[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
  }

  /** What `promise` does, or rejects with TimedOut. */
  bound<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const pending: Pending = {
        dueMs: this.#clock.monotonicMs() + this.#ms,
        expire: () => reject(new TimedOut(`No answer within ${this.#ms} ms.`)),
      };
      this.#queue.push(pending);
      this.#timer ??= setTimeout(this.#expire, this.#ms);
      promise.then(
        (value) => {
          pending.expire = null;
          resolve(value);
        },
        (error: unknown) => {
          pending.expire = null;
          reject(error as Error);
        },
      );
    });
  }

  /** What is waited for is left to itself, and the timer ends. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
  }

  readonly #expire = (): void => {
    const nowMs = this.#clock.monotonicMs();
    let count = 0;
    for (const { dueMs, expire } of this.#queue) {
      if (expire !== null && dueMs > nowMs) break;
      count++;
      expire?.();
    }
    this.#queue.splice(0, count);
    const next = this.#queue[0];
    this.#timer = next && setTimeout(this.#expire, Math.max(1, Math.ceil(next.dueMs - nowMs)));
  };
}
