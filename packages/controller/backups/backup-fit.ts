/** Whether a backup fits into a cache, as far as that can be told before. Pure. */
import { type BackupManifest, LarderError } from "@larder/api";
import { type CacheDocument, servingNode } from "../documents/cache-document.ts";
import { databasesOf, maxmemoryOf } from "../documents/derive.ts";

/** What the engine used counts its connections and buffers, too: so much more than the limit may fit all the same. */
const slack = 1.1;
const MB = 1024 * 1024;

/** Throws InsufficientCapacity or InvalidParameter, with figures. */
export function requireFits({ name, memoryBytes, keys }: BackupManifest, cache: CacheDocument): void {
  const maxBytes = maxmemoryOf(cache, servingNode(cache));
  if (memoryBytes !== null && memoryBytes > maxBytes * slack) {
    const figures = `it needs ${Math.ceil(memoryBytes / MB)} MB, and the cache has ${Math.floor(maxBytes / MB)} MB`;
    throw new LarderError("InsufficientCapacity", `The backup ${name} does not fit into '${cache.name}': ${figures}.`);
  }
  const highest = Math.max(0, ...keys.map(({ database }) => database));
  if (highest < databasesOf(cache)) return;
  const text = `The backup ${name} has keys in database ${highest}, and '${cache.name}' has ${databasesOf(cache)}.`;
  throw new LarderError("InvalidParameter", text, { target: "target" });
}
