/** A cache by the name that a person typed. Names are unique in the whole service, so that group and provider are rarely needed. */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import type { CacheAddress } from "@larder/api/rest-calls";
import { type AnyCache, isRunning, type RunningCache, withoutDatabase } from "./caches/any-cache.ts";
import { allKinds, kindOf } from "./caches/cache-kinds.ts";

export interface NamedCache {
  cache: RunningCache;
  at: Required<CacheAddress>;
}

/** Of both providers, in the order of their names. */
export async function listCaches(client: ManagementClient, resourceGroup?: string): Promise<AnyCache[]> {
  const all = await Promise.all(allKinds.map((kind) => kind.list(client, resourceGroup)));
  return all.flat().sort((one, other) => one.name.localeCompare(other.name));
}

/** As it is now. */
export function cacheAt(client: ManagementClient, at: CacheAddress): Promise<AnyCache> {
  return kindOf(at).get(client, at);
}

/** What keeps data. Throws ResourceNotFound where there is none of the name, or it is a cluster without a database. */
export async function findCache(client: ManagementClient, name: string, resourceGroup?: string): Promise<NamedCache> {
  const cache = await findResource(client, name, resourceGroup);
  if (isRunning(cache)) return { cache, at: cache.at };
  throw withoutDatabase(cache);
}

/** Also of a cluster that has no database. Throws ResourceNotFound. */
export async function findResource(client: ManagementClient, name: string, resourceGroup?: string): Promise<AnyCache> {
  const found = await Promise.all(allKinds.map((kind) => kind.find(client, name, resourceGroup)));
  const cache = found.find((one) => one !== undefined);
  if (cache !== undefined) return cache;
  throw new LarderError("ResourceNotFound", `There is no cache named ${name}.`);
}
