/** Caches of `Microsoft.Cache/redis`. */
import { type RdbFrequency, rdbFrequencies } from "@larder/api/enterprise-resource";
import { isSameName } from "@larder/api/names";
import type { RedisCreateProperties, RedisResource } from "@larder/api/redis-resource";
import {
  formatPairs,
  parseConfiguration,
  parseLarderSettings,
  parsePublicAccess,
  parseSku,
  parseWholeNumber,
} from "../cache-arguments.ts";
import { CommandError } from "../failure.ts";
import { resourceGroupOf } from "../resource-id.ts";
import type { AnyCache } from "./any-cache.ts";
import type { AssignmentWishes, CacheKind } from "./cache-kind.ts";
import { type CacheWishes, requireTaken, wishedPersistence, wishedTags } from "./cache-wishes.ts";
import { clusterSizeName } from "./cluster-size.ts";

const reasons: Partial<Record<keyof CacheWishes, string>> = {
  capacity: "it belongs to Enterprise sizes of clusters",
  highAvailability: "the size says whether a cache has a replica: Standard and Premium have",
  clusteringPolicy: "it belongs to clusters, which the sizes from Balanced_B0 on make",
  clientProtocol: "a cache always speaks TLS; --plain-port opens a port without it",
  port: "the service chooses the ports of a cache",
};

export const redisKind: CacheKind = {
  lacks: {},
  list: async (client, resourceGroup) => (await client.listCaches(resourceGroup)).map(redisCache),

  async find(client, name, resourceGroup) {
    const caches = await redisKind.list(client, resourceGroup);
    return caches.find((cache) => isSameName(cache.name, name));
  },

  get: async (client, at) => redisCache(await client.getCache(at)),

  async create(client, at, { location, ...wishes }) {
    const tags = wishedTags({}, wishes) ?? {};
    const properties = { ...propertiesOf(wishes, "Basic"), sku: parseSku(wishes.sku) };
    await client.checkName(at.name, "redis");
    return redisCache(await client.createCache(at, { location, tags, ...zonesOf(wishes), properties }));
  },

  async update(client, { at, name, tags, sku }, wishes) {
    if (wishes.sku !== undefined && clusterSizeName(wishes.sku) !== undefined)
      throw new CommandError(
        "SkuNotSupported",
        `${name} is no cluster, and cannot become one.`,
        "`larder create` makes a cluster, and `larder backup restore` brings the data of a backup into it",
      );
    const properties = propertiesOf(wishes, sku.name === "Standard" ? "Standard" : "Basic");
    const wished = wishedTags(tags, wishes);
    return redisCache(await client.updateCache(at, { properties, ...(wished === undefined ? {} : { tags: wished }) }));
  },

  schedule: (client, at) => client.getPatchSchedule(at),

  async setSchedule(client, at, entries) {
    await client.setPatchSchedule(at, entries);
    return entries;
  },

  assignmentBody({ objectId, alias = objectId, policy, permissions }: AssignmentWishes) {
    if (permissions !== undefined || policy === undefined)
      throw new CommandError(
        "InvalidParameter",
        permissions === undefined
          ? "Say which access policy, by --policy."
          : "Of a cache, permissions belong to an access policy.",
        "`larder policy create` makes one, and `larder policy list` shows those that there are",
      );
    return { objectId, objectIdAlias: alias, accessPolicyName: policy };
  },
};

export function redisCache(resource: RedisResource): AnyCache {
  const { id, name, location, tags, properties } = resource;
  return {
    at: { resourceGroup: resourceGroupOf(resource), name, provider: "redis" },
    resource,
    id,
    name,
    location,
    tags,
    type: "cache",
    sku: properties.sku,
    replicas: properties.replicasPerPrimary,
    provisioningState: properties.provisioningState,
    larder: properties.larder,
    byName: { host: properties.hostName, port: properties.sslPort },
    minimumTls: properties.minimumTlsVersion,
    isPublic: properties.publicNetworkAccess !== "Disabled",
    takesKeys: !properties.disableAccessKeyAuthentication,
    takesTokens: properties.redisConfiguration["aad-enabled"] === "true",
    ownPolicies: properties.larder.access.policies,
    connections: properties.privateEndpointConnections,
    settings: [["Settings", formatPairs(properties.redisConfiguration)]],
  };
}

/** A size alone keeps the tier, where the tier has it. */
function propertiesOf(wishes: CacheWishes, tierOfC: "Basic" | "Standard"): Partial<RedisCreateProperties> {
  requireTaken(wishes, reasons);
  const redisConfiguration = { ...persistenceOf(wishes), ...parseConfiguration(wishes) };
  const larder = parseLarderSettings(wishes);
  const { sku, replicas, redisVersion, plainPort, accessKeys } = wishes;
  return {
    ...(sku === undefined ? {} : { sku: parseSku(sku, tierOfC) }),
    ...(replicas === undefined ? {} : { replicasPerPrimary: parseWholeNumber("--replicas", replicas) }),
    ...(redisVersion === undefined ? {} : { redisVersion }),
    ...(Object.keys(redisConfiguration).length === 0 ? {} : { redisConfiguration }),
    ...(larder === undefined ? {} : { larder }),
    ...(plainPort === undefined ? {} : { enableNonSslPort: plainPort }),
    ...(accessKeys === undefined ? {} : { disableAccessKeyAuthentication: accessKeys === "off" }),
    ...parsePublicAccess(wishes.publicAccess),
  };
}

function persistenceOf({ persistence }: CacheWishes): Record<string, string> {
  const wished = wishedPersistence(persistence);
  if (wished === undefined) return {};
  const minutes = rdbFrequencies[wished.rdbFrequency as RdbFrequency];
  return {
    "aof-backup-enabled": String(wished.aofEnabled),
    "rdb-backup-enabled": String(wished.rdbEnabled),
    ...(minutes === undefined ? {} : { "rdb-backup-frequency": String(minutes) }),
  };
}

function zonesOf({ zone }: CacheWishes): { zones?: string[] } {
  return zone === undefined ? {} : { zones: zone };
}
