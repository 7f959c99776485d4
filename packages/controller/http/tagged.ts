/** What has tags: the subscription, groups, caches, clusters and private endpoints. They change while a resource is busy. */
import { cacheResourceId, clusterResourceId, LarderError, resourceGroupId } from "@larder/api";
import type { Context } from "hono";
import { serviceKey } from "../documents/document-keys.ts";
import { retagService, type ServiceDocument } from "../documents/service-document.ts";
import { endpointId } from "../network/private-endpoint-id.ts";
import type { ApiContext } from "./api-context.ts";
import { clusterPlace, oneCluster } from "./enterprise-paths.ts";
import { endpointPlace, oneEndpoint } from "./private-endpoints.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";

export type Tags = Record<string, string>;

/** One kind of what has tags. */
export interface Tagged {
  path: string;
  /** Its id, and the tags that it has. Throws where it does not exist. */
  read(context: Context): Promise<{ id: string; tags: Tags }>;
  /** Returns what it has then. */
  change(context: Context, change: (tags: Tags) => Tags): Promise<Tags>;
}

export function taggedKinds(api: ApiContext): Tagged[] {
  return [ofSubscription, ofGroup, ofCache, ofCluster, ofEndpoint].map((kind) => kind(api));
}

export async function subscriptionTags(api: ApiContext): Promise<Tags> {
  return (await api.store.get<ServiceDocument>(serviceKey))?.value.tags ?? {};
}

function ofCache(api: ApiContext): Tagged {
  const require = async (context: Context) => {
    await api.groups.require(pathValue(context, "group"));
    return (await api.caches.require(cachePlace(context))).value;
  };
  return {
    path: oneCache,
    async read(context) {
      const cache = await require(context);
      return { id: cacheResourceId(cache), tags: cache.tags };
    },
    async change(context, change) {
      const { value } = await api.actions.change(cachePlace(context), (cache) => ({
        cache: { ...cache, tags: change(cache.tags), version: cache.version + 1 },
      }));
      return value.tags;
    },
  };
}

function ofGroup(api: ApiContext): Tagged {
  return {
    path: "/subscriptions/:subscription/resourcegroups/:group",
    async read(context) {
      const { value: group } = await api.groups.require(pathValue(context, "group"));
      return { id: resourceGroupId(group.subscription, group.name), tags: group.tags };
    },
    change: async (context, change) => (await api.groups.retag(pathValue(context, "group"), change)).tags,
  };
}

function ofSubscription(api: ApiContext): Tagged {
  return {
    path: "/subscriptions/:subscription",
    read: async () => ({ id: `/subscriptions/${api.subscription}`, tags: await subscriptionTags(api) }),
    async change(_, change) {
      const tags = await retagService(api.store, change);
      if (tags === undefined)
        throw new LarderError("Conflict", "The subscription's tags were changed at the same moment; try again.");
      return tags;
    },
  };
}

function ofCluster(api: ApiContext): Tagged {
  return {
    path: oneCluster,
    async read(context) {
      const { value: cluster } = (await api.clusters.require(await clusterPlace(context, api))).stored;
      return { id: clusterResourceId(cluster), tags: cluster.tags };
    },
    change: async (context, change) => api.clusters.retag(await clusterPlace(context, api), change),
  };
}

function ofEndpoint(api: ApiContext): Tagged {
  return {
    path: oneEndpoint,
    async read(context) {
      const endpoint = await api.privateEndpoints.require(await endpointPlace(context, api));
      return { id: endpointId(endpoint), tags: endpoint.tags };
    },
    change: async (context, change) => api.privateEndpoints.retag(await endpointPlace(context, api), change),
  };
}
