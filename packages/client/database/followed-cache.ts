/**
 * What following a database asks of a cache; one of `createCache` is such. Each resolves to false, or rejects, where it is not known that
 * no value from before is left in the server; it is then asked again. Doing any of it twice is harmless.
 */
import type { Key } from "../cache/options.ts";

export interface FollowedCache {
  invalidate(...keys: Key[]): Promise<unknown>;
  invalidateTags(tags: readonly string[]): Promise<unknown>;
  /** Everything of the cache's namespace. */
  clear(): Promise<unknown>;
}
