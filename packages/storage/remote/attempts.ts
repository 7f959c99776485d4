/** Tries a request again when the storage does not answer as it should, a bounded number of times, with pauses that grow. */
import { backoffMs, type Clock, type Randomness } from "@larder/service";
import { orAborted } from "../source-chunks.ts";
import { StorageError } from "../storage-error.ts";
import type { StorageLimits } from "../storage-limits.ts";

export interface Attempt {
  /** Aborts when the caller does, and when this attempt has taken too long. */
  signal: AbortSignal;
  /** Something came: the time in which nothing may come begins anew. */
  alive(): void;
  /** So much was achieved that a failure is the first one again. */
  advanced(): void;
}

export interface AttemptOptions {
  about: { file?: string; offset?: number };
  signal: AbortSignal | undefined;
  /** How long nothing may come; by default the limit's. */
  timeoutMs?: number;
  attemptsMax?: number;
}

export class Attempts {
  readonly #limits: StorageLimits;
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  constructor(limits: StorageLimits, clock: Clock, randomness: Randomness) {
    this.#limits = limits;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  async run<T>(options: AttemptOptions, call: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { attemptsMax = this.#limits.attemptsMax, signal } = options;
    for (let failures = 0; ; failures++) {
      signal?.throwIfAborted();
      const reset = () => {
        failures = -1;
      };
      try {
        return await this.#once(options, reset, call);
      } catch (error) {
        signal?.throwIfAborted();
        if (!isWorthAnother(error) || failures + 1 >= attemptsMax) throw error;
      }
      await this.#clock.sleep(backoffMs(Math.max(0, failures), this.#limits.pauseMs, this.#randomness), signal);
    }
  }

  async #once<T>(options: AttemptOptions, advanced: () => void, call: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { timeoutMs = this.#limits.idleTimeoutMs, signal } = options;
    const over = new AbortController();
    const end = new AbortController();
    const passOn = () => over.abort(signal?.reason);
    signal?.addEventListener("abort", passOn, { once: true });
    let aliveMs = this.#clock.monotonicMs();
    const watch = async () => {
      while (!end.signal.aborted) {
        const leftMs = aliveMs + timeoutMs - this.#clock.monotonicMs();
        if (leftMs <= 0) return over.abort(slow(options, timeoutMs));
        await this.#clock.sleep(leftMs, end.signal);
      }
    };
    void watch();
    const alive = () => {
      aliveMs = this.#clock.monotonicMs();
    };
    try {
      return await orAborted(call({ signal: over.signal, alive, advanced }), over.signal);
    } finally {
      end.abort();
      signal?.removeEventListener("abort", passOn);
    }
  }
}

function slow({ about }: AttemptOptions, timeoutMs: number): StorageError {
  return new StorageError("Slow", { ...about, detail: `${timeoutMs / 1000} s` });
}

/** `Changed` is retryable for who can begin anew; the same request would only be refused again. */
function isWorthAnother(error: unknown): boolean {
  return error instanceof StorageError && (error.code === "Unavailable" || error.code === "Slow");
}
