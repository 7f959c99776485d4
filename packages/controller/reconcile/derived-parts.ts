/**
 * What is derived from each cache's document, kept while it does not change: most documents are those that were looked at before, and
 * most changes of a document change nothing in one derivation. What stays equal stays the same object, so that whoever has many of them
 * sees by identity which are others. Documents themselves never change.
 */
import type { CacheId } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";

export class DerivedParts<T> {
  readonly #derive: (cache: CacheDocument) => T;
  readonly #byDocument = new WeakMap<CacheDocument, T>();
  #latest = new Map<CacheId, T>();

  constructor(derive: (cache: CacheDocument) => T) {
    this.#derive = derive;
  }

  /** In the order of the documents. What was derived of a cache that is not among them is forgotten. */
  of(caches: readonly CacheDocument[]): Map<CacheId, T> {
    const parts = new Map(caches.map((cache) => [cache.cacheId, this.#part(cache)]));
    this.#latest = parts;
    return parts;
  }

  #part(cache: CacheDocument): T {
    if (this.#byDocument.has(cache)) return this.#byDocument.get(cache) as T;
    const before = this.#latest.get(cache.cacheId);
    const derived = this.#derive(cache);
    const part = before !== undefined && JSON.stringify(before) === JSON.stringify(derived) ? before : derived;
    this.#byDocument.set(cache, part);
    return part;
  }
}
