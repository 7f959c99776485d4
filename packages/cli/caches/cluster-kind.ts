/** Clusters of `Microsoft.Cache/redisEnterprise` (Azure Managed Redis), each with its one database. */
import type { ClusterWithDatabase } from "@larder/api/clusters-client";
import { type ClusterAsked, type DatabaseResource, evictionPolicies } from "@larder/api/enterprise-resource";
import { type EnterpriseSku, enterpriseSize } from "@larder/api/enterprise-skus";
import type { ScheduleEntry } from "@larder/api/redis-resource";
import { entriesOf, windowsOf } from "@larder/api/schedule-entries";
import {
  parseConfiguration,
  parseLarderSettings,
  parsePublicAccess,
  parseWholeNumber,
  type Switch,
} from "../cache-arguments.ts";
import { CommandError } from "../failure.ts";
import { resourceGroupOf } from "../resource-id.ts";
import { type AnyCache, withoutDatabase } from "./any-cache.ts";
import type { AssignmentWishes, CacheKind } from "./cache-kind.ts";
import { type CacheWishes, requireTaken, wishedPersistence, wishedTags } from "./cache-wishes.ts";
import { clusterSizeName } from "./cluster-size.ts";

const reasons: Partial<Record<keyof CacheWishes, string>> = {
  replicas: "a cluster has one replica, or with --high-availability off none",
  redisVersion: "a cluster runs the newest engine that its hosts have; `larder updates pause` holds updates back",
  plainPort: "a cluster has one port; --client-protocol plaintext turns TLS off there",
  tokens: "a cluster always takes tokens, of whoever has an assignment",
};

const events = "notify-keyspace-events";

export const clusterKind: CacheKind = {
  list: async (client, resourceGroup) => (await client.clusters.list(resourceGroup)).map(clusterCache),

  async find(client, name, resourceGroup) {
    const cluster = await client.clusters.find(name, resourceGroup);
    return cluster && clusterCache(cluster);
  },

  get: async (client, at) => clusterCache(await client.clusters.get(at)),

  async create(client, at, { location, ...wishes }) {
    const database = databaseOf({ accessKeys: "on", ...wishes });
    const sku = skuOf(wishes.sku, wishes.capacity);
    const cluster = { location, sku, ...clusterOf({ publicAccess: "on", ...wishes }, {}) };
    await client.checkName(at.name, "enterprise");
    return clusterCache(await client.clusters.create(at, cluster, database));
  },

  async update(client, cache, wishes) {
    const { sku, capacity } = wishes;
    const isScaled = sku !== undefined || capacity !== undefined;
    const cluster = { ...clusterOf(wishes, cache.tags), ...(isScaled && { sku: skuOf(sku, capacity, cache.sku) }) };
    const database = databaseOf(wishes);
    if (cache.larder === null && Object.keys(database).length > 0) throw withoutDatabase(cache);
    const some = <T extends object>(asked: T) => (Object.keys(asked).length === 0 ? undefined : asked);
    return clusterCache(await client.clusters.update(cache.at, some(cluster), some(database)));
  },

  schedule: async (client, at) => scheduleOf(await client.clusters.get(at)),

  async setSchedule(client, at, entries) {
    const maintenanceConfiguration = { maintenanceWindows: windowsOf(entries) };
    return scheduleOf(await client.clusters.update(at, { properties: { maintenanceConfiguration } }, undefined));
  },

  assignmentBody({ objectId, alias, policy = "default", permissions }: AssignmentWishes) {
    const refuse = (message: string, hint: string) => {
      throw new CommandError("InvalidParameter", message, hint);
    };
    if (policy.toLowerCase() !== "default")
      refuse(
        "A cluster has one access policy, default, which allows everything.",
        "--permissions says what is allowed",
      );
    if (alias !== undefined) refuse("Of a cluster, the user name is the object id.", "leave --alias out");
    return { user: { objectId }, ...(permissions === undefined ? {} : { accessString: permissions }) };
  },

  lacks: {
    firewall: {
      what: "firewall rules",
      instead: "--public-access off and private endpoints (`larder endpoint`) say from where it is reached",
    },
    policies: {
      what: "access policies of its own",
      instead:
        "`larder assignment create` takes --permissions, or gives the one policy, default, which allows everything",
    },
  },
};

export function clusterCache(resource: ClusterWithDatabase): AnyCache {
  const { id, name, location, tags, sku, zones, properties } = resource;
  const database = resource.databases[0]?.properties;
  const isIdle = properties.provisioningState === "Succeeded";
  return {
    at: { resourceGroup: resourceGroupOf(resource), name, provider: "enterprise" },
    resource,
    id,
    name,
    location,
    tags,
    type: "cluster",
    sku,
    replicas: properties.highAvailability === "Enabled" ? 1 : undefined,
    provisioningState: isIdle && database !== undefined ? database.provisioningState : properties.provisioningState,
    larder: database?.larder ?? null,
    byName: { host: properties.hostName, port: database?.port ?? 0 },
    minimumTls: properties.minimumTlsVersion,
    isPublic: properties.publicNetworkAccess !== "Disabled",
    takesKeys: database?.accessKeysAuthentication === "Enabled",
    takesTokens: true,
    ownPolicies: null,
    connections: properties.privateEndpointConnections,
    settings: [
      ["High availability", properties.highAvailability === "Enabled" ? "on" : "off"],
      ...(zones === undefined ? [] : [["Zones", zones.join(", ")] as [string, string]]),
      ...(database === undefined ? [] : databaseSettings(database)),
    ],
  };
}

function scheduleOf({ properties }: ClusterWithDatabase): ScheduleEntry[] {
  return entriesOf(properties.maintenanceConfiguration?.maintenanceWindows ?? []);
}

function databaseSettings(database: DatabaseResource["properties"]): [string, string][] {
  const { clusteringPolicy, evictionPolicy, notifyKeyspaceEvents, deferUpgrade, larder } = database;
  return [
    ["Clustering", clusteringPolicy],
    ["Eviction", evictionPolicy],
    ...(notifyKeyspaceEvents === "" ? [] : [["Keyspace events", notifyKeyspaceEvents] as [string, string]]),
    ...(deferUpgrade === "Deferred" ? [["Updates", "held back"] as [string, string]] : []),
    ["Shards", larder.azureShards === 1 ? "1" : `1, where Azure has ${larder.azureShards}`],
  ];
}

/** What is asked for, but for its size. `present`: its tags. */
function clusterOf(wishes: CacheWishes, present: Record<string, string>): Omit<ClusterAsked, "sku"> {
  requireTaken(wishes, reasons);
  const tags = wishedTags(present, wishes);
  const properties = {
    ...(wishes.highAvailability === undefined ? {} : { highAvailability: enabled(wishes.highAvailability) }),
    ...parsePublicAccess(wishes.publicAccess),
    ...(wishes.acceptEviction === undefined ? {} : { larder: { acceptEviction: wishes.acceptEviction } }),
  };
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(wishes.zone === undefined ? {} : { zones: wishes.zone }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  };
}

/** What it is not said of stays: the size, or of a size with a capacity that. */
function skuOf(sku: string | undefined, capacity: string | undefined, current?: EnterpriseSku): EnterpriseSku {
  const name = sku === undefined ? (current?.name ?? "") : (clusterSizeName(sku) ?? sku);
  const kept = enterpriseSize(name)?.kind === "v1" ? current?.capacity : undefined;
  const wished = capacity === undefined ? kept : parseWholeNumber("--capacity", capacity);
  return { name, ...(wished === undefined ? {} : { capacity: wished }) };
}

/** The properties that are asked for. What the API does not take it refuses. */
function databaseOf(wishes: CacheWishes): Record<string, unknown> {
  requireTaken(wishes, reasons);
  const { clientProtocol, port, clusteringPolicy, accessKeys, persistence, acceptEviction, ...others } = wishes;
  const { policy, notify } = configurationOf(wishes);
  const asked = {
    clientProtocol,
    port: port && parseWholeNumber("--port", port),
    clusteringPolicy,
    evictionPolicy: policy && (evictionPolicies[policy as keyof typeof evictionPolicies] ?? policy),
    persistence: wishedPersistence(persistence),
    accessKeysAuthentication: accessKeys && enabled(accessKeys),
    notifyKeyspaceEvents: notify,
    larder: parseLarderSettings(others),
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

/** Of the settings of `redisConfiguration`, two have a place here. */
function configurationOf({ policy, config }: CacheWishes): { policy: string | undefined; notify: string | undefined } {
  const {
    "maxmemory-policy": configured,
    [events]: notify,
    ...rest
  } = parseConfiguration({ ...(config && { config }) }) ?? {};
  const [other] = Object.keys(rest);
  if (other !== undefined)
    throw new CommandError(
      "InvalidParameter",
      `A cluster has no setting ${other}.`,
      `--config takes maxmemory-policy and ${events}`,
    );
  return { policy: policy ?? configured, notify };
}

function enabled(wish: Switch): "Enabled" | "Disabled" {
  return wish === "on" ? "Enabled" : "Disabled";
}
