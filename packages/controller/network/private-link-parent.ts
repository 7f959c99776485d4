/**
 * What private endpoints connect to: a resource type whose resources are served as caches. Its children
 * (`privateEndpointConnections`, `privateLinkResources`) and ids are the same for each, but for what is said here.
 */
import { cacheResourceId, clusterResourceId, LarderError } from "@larder/api";
import type { Caches, Place } from "../caches/caches.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { StoredDocument } from "../store/store.ts";

export interface PrivateLinkParent {
  /** As it stands in answers: "Microsoft.Cache/Redis". */
  resourceType: string;
  /** What its endpoints connect to. */
  groupId: string;
  /** Where its operations are polled. */
  statusForm: "asyncOperations" | "operationsStatus";
  idOf(cache: CacheDocument): string;
  /** The cache behind the resource. Throws ResourceNotFound. */
  require(caches: Caches, place: Place): Promise<StoredDocument<CacheDocument>>;
}

export const redisParent: PrivateLinkParent = {
  resourceType: "Microsoft.Cache/Redis",
  groupId: "redisCache",
  statusForm: "asyncOperations",
  idOf: cacheResourceId,
  require: (caches, place) => caches.require(place),
};

/** A cluster; what is served is its database, so there has to be one. */
export const enterpriseParent: PrivateLinkParent = {
  resourceType: "Microsoft.Cache/redisEnterprise",
  groupId: "redisEnterprise",
  statusForm: "operationsStatus",
  idOf: clusterResourceId,
  require: (caches, place) => caches.require({ ...place, provider: "enterprise" }),
};

/** All that there are. */
export const privateLinkParents: readonly PrivateLinkParent[] = [redisParent, enterpriseParent];

const idPattern = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)$/i;

/** Which resource an id names. Throws InvalidParameter. */
export function parentOf(serviceId: string): { parent: PrivateLinkParent; place: Place } {
  const [, subscription = "", resourceGroup = "", type = "", name = ""] = idPattern.exec(serviceId) ?? [];
  const parent = privateLinkParents.find(({ resourceType }) => resourceType.toLowerCase() === type.toLowerCase());
  if (parent !== undefined) return { parent, place: { subscription, resourceGroup, name } };
  const target = "properties.privateLinkServiceConnections.0.properties.privateLinkServiceId";
  const types = privateLinkParents.map(({ resourceType }) => resourceType).join(" or ");
  throw new LarderError("InvalidParameter", `'${target}' must be the id of a resource of type ${types}.`, { target });
}
