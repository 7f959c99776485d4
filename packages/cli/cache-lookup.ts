/** A cache by the name that a person typed. Names are unique in the whole service, so that the group is rarely needed. */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import type { RedisResource } from "@larder/api/redis-resource";
import type { CacheAddress } from "@larder/api/rest-calls";

export interface NamedCache {
  cache: RedisResource;
  at: CacheAddress;
}

export async function findCache(client: ManagementClient, name: string, resourceGroup?: string): Promise<NamedCache> {
  const caches = await client.listCaches(resourceGroup);
  const cache = caches.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (cache === undefined) throw new LarderError("ResourceNotFound", `There is no cache named ${name}.`);
  return { cache, at: { resourceGroup: resourceGroupOf(cache), name: cache.name } };
}

/** From "/subscriptions/ID/resourceGroups/GROUP/…". */
export function resourceGroupOf({ id }: Pick<RedisResource, "id">): string {
  return id.split("/")[4] ?? "";
}
