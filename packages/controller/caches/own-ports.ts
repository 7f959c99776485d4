/** Ports that belong to one cache for life: two each, counted upwards from a base, none given out twice. */
import { LarderError } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";

const portMax = 65_535;

/** `reserved` are the service's own. */
export function portsTaken(caches: readonly CacheDocument[], reserved: readonly number[]): Set<number> {
  return new Set([...reserved, ...caches.flatMap((cache) => [cache.ports.tls.port, cache.ports.plain.port])]);
}

/** Throws InvalidParameter. */
export function requireFreePort(port: number, taken: ReadonlySet<number>): void {
  if (!taken.has(port)) return;
  const text = `Port ${port} belongs to another cache or to the service; leave 'properties.port' out to have one chosen.`;
  throw new LarderError("InvalidParameter", text, { target: "properties.port" });
}

/** The least free port that is at least `from`. Throws InsufficientCapacity when there is none. */
export function freePort(from: number, taken: ReadonlySet<number>): number {
  for (let port = from; port <= portMax; port++) if (!taken.has(port)) return port;
  throw new LarderError("InsufficientCapacity", `No port from ${from} upwards is free for the cache.`);
}
