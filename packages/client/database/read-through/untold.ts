/**
 * What a write made stale and the cache server could not be told yet. It is told again and again until it is, or `close()`: the write itself
 * is committed and does not fail for it. Held in memory: a process that dies with it leaves stale values until their `ttl`.
 */
import { writtenOut } from "../../cache/names.ts";
import type { Key } from "../../cache/options.ts";
import type { Clock } from "../../clock.ts";
import type { Invalidation } from "../mapping.ts";
import type { ReadCache } from "./row-cache.ts";

export const untoldLimits = {
  /** More keys and tags than these are told as "everything". */
  countMax: 10_000,
  retryMs: 500,
} as const;

export class Untold {
  readonly #cache: ReadCache;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  #keys = new Map<string, Key>();
  #tags = new Set<string>();
  #everything = false;
  #telling: Promise<void> | undefined;

  constructor(cache: ReadCache, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  get count(): number {
    return this.#everything ? untoldLimits.countMax : this.#keys.size + this.#tags.size;
  }

  /** Resolves after the first try, whether the server was told or not. */
  async tell({ keys = [], tags = [] }: Invalidation): Promise<void> {
    if (await this.#isTold({ keys, tags })) return;
    this.#hold({ keys, tags, everything: false });
    this.#telling ??= this.#tellAgain();
  }

  close(): void {
    this.#end.abort();
  }

  async #tellAgain(): Promise<void> {
    while (this.count > 0) {
      await this.#clock.sleep(untoldLimits.retryMs, this.#end.signal);
      if (this.#end.signal.aborted) break;
      await this.#tellHeld();
    }
    this.#telling = undefined;
  }

  async #tellHeld(): Promise<void> {
    const [keys, tags, everything] = [this.#keys, this.#tags, this.#everything];
    [this.#keys, this.#tags, this.#everything] = [new Map(), new Set(), false];
    const isTold = everything
      ? await succeeds(this.#cache.clear())
      : await this.#isTold({ keys: [...keys.values()], tags: [...tags] });
    if (!isTold) this.#hold({ keys: [...keys.values()], tags: [...tags], everything });
  }

  #hold({ keys, tags, everything }: { keys: readonly Key[]; tags: readonly string[]; everything: boolean }): void {
    for (const key of keys) this.#keys.set(writtenOut(key), key);
    for (const tag of tags) this.#tags.add(tag);
    this.#everything ||= everything || this.#keys.size + this.#tags.size > untoldLimits.countMax;
    if (!this.#everything) return;
    this.#keys.clear();
    this.#tags.clear();
  }

  async #isTold({ keys = [], tags = [] }: Invalidation): Promise<boolean> {
    const told = await Promise.all([
      keys.length === 0 || succeeds(this.#cache.invalidate(...keys)),
      tags.length === 0 || succeeds(this.#cache.invalidateTags(tags)),
    ]);
    return told.every(Boolean);
  }
}

function succeeds(telling: Promise<boolean>): Promise<boolean> {
  return telling.catch(() => false);
}
