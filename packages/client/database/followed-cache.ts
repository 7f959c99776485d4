/**
 * What following a database asks of a cache. Each resolves once no value from before is left in the server, and rejects where that is not
 * known; it is then asked again. Doing any of it twice is harmless.
 */
import type { Key } from "../cache/options.ts";

export interface FollowedCache {
  invalidate(...keys: Key[]): Promise<unknown>;
  invalidateTags(tags: readonly string[]): Promise<unknown>;
  /** Everything of the cache's namespace. */
  clear(): Promise<unknown>;
}
