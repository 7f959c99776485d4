/** What the end of a transfer makes of its cache. Pure. */
import type { CacheDocument } from "../documents/cache-document.ts";

/** The node that it filled goes, and a move to that node with it: the cache is as if nothing had been filled. */
export function cacheWithout(cache: CacheDocument, { transferId }: { transferId: string }): CacheDocument {
  return cache.intake?.transferId === transferId ? withoutIntake(cache) : cache;
}

export function withoutIntake(cache: CacheDocument): CacheDocument {
  const isTarget = cache.move !== null && cache.move.target.nodeId === cache.intake?.node.nodeId;
  return { ...cache, intake: null, move: isTarget ? null : cache.move, generation: cache.generation + 1 };
}
