/**
 * A cache's history: documents beside the cache's own, each written in the transaction that did what it tells of, and gone
 * with the cache. Their numbers have no gaps, but for the oldest, which are pruned.
 */
import type { CacheEvent } from "@larder/api";
import type { CacheDocument } from "./cache-document.ts";
import { eventKey } from "./document-keys.ts";

/** What there is to say; its number and its time are given to it. */
export type EventNote = Omit<CacheEvent, "number" | "time">;

/** The cache with one event more, and that event's document: both belong in one transaction. Pure. */
export function noteEvent(
  cache: CacheDocument,
  note: EventNote,
  nowMs: number,
): { cache: CacheDocument; put: { key: string; value: CacheEvent } } {
  const number = cache.eventNumber + 1;
  const value: CacheEvent = { number, time: new Date(nowMs).toISOString(), ...note };
  return { cache: { ...cache, eventNumber: number }, put: { key: eventKey(cache.cacheId, number), value } };
}
