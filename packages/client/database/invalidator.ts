/**
 * Brings what was planned into the cache, and acknowledges only after that. A cache that fails is asked again until it has done it,
 * however long that takes, as nothing after it may be acknowledged before.
 *
 * Early changes (source.ts) are invalidated at once and once more `earlyRepeatMs` later: a value that was loaded between the two
 * may still be that from before.
 */
import type { Clock } from "../clock.ts";
import type { FollowListeners } from "./events.ts";
import type { FollowedCache } from "./followed-cache.ts";
import type { PlannedInvalidation } from "./mapping.ts";

export const invalidatorLimits = {
  /** The pause before a cache that failed is asked again doubles from the first to the second. */
  retryMsMin: 20,
  retryMsMax: 2_000,
  /** Far above what a commit takes from the log to being visible. */
  earlyRepeatMs: 250,
  /** So many keys go in one call. */
  keysMax: 1_000,
} as const;

/** The cache says that its server has not done what it was told. */
export class CacheNotReached extends Error {
  override readonly name = "CacheNotReached";
  readonly code = "CACHE_NOT_REACHED";

  constructor() {
    super("The cache server was not reached: what changed in the database is invalidated as soon as it is.");
  }
}

type Plan = Pick<PlannedInvalidation, "keys" | "tags" | "everything">;
export const everything: Plan = { keys: [], tags: [], everything: true };

export class Invalidator {
  readonly #cache: FollowedCache;
  readonly #clock: Clock;
  readonly #listeners: FollowListeners;
  readonly #signal: AbortSignal;
  /** Ends when all that was to be repeated has been, in order. */
  #repeated: Promise<void> = Promise.resolve();

  constructor(at: { cache: FollowedCache; clock: Clock; listeners: FollowListeners; signal: AbortSignal }) {
    this.#cache = at.cache;
    this.#clock = at.clock;
    this.#listeners = at.listeners;
    this.#signal = at.signal;
  }

  /** Resolves once the cache has done it, or the signal was aborted. */
  async apply(plan: Plan): Promise<void> {
    for (let pauseMs: number = invalidatorLimits.retryMsMin; !this.#signal.aborted; pauseMs *= 2) {
      try {
        return await this.#once(plan);
      } catch (error) {
        if (pauseMs === invalidatorLimits.retryMsMin) this.#listeners.tell({ type: "trouble", what: "cache", error });
        await this.#clock.sleep(Math.min(pauseMs, invalidatorLimits.retryMsMax), this.#signal);
      }
    }
  }

  /** Again after a while; nothing but what is acknowledged waits for it. */
  repeat(plan: Plan): void {
    const dueMs = this.#clock.monotonicMs() + invalidatorLimits.earlyRepeatMs;
    this.#repeated = this.#repeated.then(async () => {
      await this.#clock.sleep(Math.max(0, dueMs - this.#clock.monotonicMs()), this.#signal);
      await this.apply(plan);
    });
  }

  /** Calls it once everything so far is done; never after the signal was aborted. */
  acknowledge(done: () => void): void {
    this.#repeated = this.#repeated.then(() => {
      if (!this.#signal.aborted) done();
    });
  }

  async #once(plan: Plan): Promise<void> {
    if ((await Promise.all(this.#calls(plan))).includes(false)) throw new CacheNotReached();
  }

  #calls({ keys, tags, everything }: Plan): Promise<unknown>[] {
    if (everything) return [this.#cache.clear()];
    const calls: Promise<unknown>[] = [];
    for (let from = 0; from < keys.length; from += invalidatorLimits.keysMax)
      calls.push(this.#cache.invalidate(...keys.slice(from, from + invalidatorLimits.keysMax)));
    if (tags.length > 0) calls.push(this.#cache.invalidateTags(tags));
    return calls;
  }
}
