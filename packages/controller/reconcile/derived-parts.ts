/**
 * What is derived from each cache's document, kept while it does not change: of many caches few change at a time, and most changes of a
 * document change nothing in one derivation. What stays equal stays the same object, so that whoever has many of them sees by identity
 * which are others. Each part has the revision that it came with.
 */
import type { CacheId } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";

/** Of all caches' documents. */
export interface DocumentChanges {
  /** New ones, and those that are others now. */
  changed: readonly CacheDocument[];
  removed: readonly CacheId[];
}

export class DerivedParts<T> {
  readonly #derive: (cache: CacheDocument) => T;
  readonly #parts = new Map<CacheId, { part: T; revision: number }>();

  constructor(derive: (cache: CacheDocument) => T) {
    this.#derive = derive;
  }

  /** Returns whether any part is another now. O(changes). */
  update({ changed, removed }: DocumentChanges, revision: number): boolean {
    let isChanged = false;
    for (const cacheId of removed) isChanged = this.#parts.delete(cacheId) || isChanged;
    for (const cache of changed) {
      const part = this.#derive(cache);
      const before = this.#parts.get(cache.cacheId);
      if (before !== undefined && JSON.stringify(before.part) === JSON.stringify(part)) continue;
      this.#parts.set(cache.cacheId, { part, revision });
      isChanged = true;
    }
    return isChanged;
  }

  /** Of all caches. O(caches). */
  all(): T[] {
    return Array.from(this.#parts.values(), ({ part }) => part);
  }

  /** Since when the cache's part is as it is; undefined: there is no such cache. */
  revisionOf(cacheId: CacheId): number | undefined {
    return this.#parts.get(cacheId)?.revision;
  }
}
