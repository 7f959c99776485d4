/**
 * What agents and gateways are told, derived from cache documents alone: the same documents give the same text. Both
 * hold engine passwords; neither holds access keys.
 */
import { createHash } from "node:crypto";
import { type NodeSpec, type Route, refusedByRedisCache, skuLimits } from "@larder/api";
import { type CacheDocument, cacheHostName } from "./cache-document.ts";
import { adminUser, appUser, appUserName } from "./engine-users.ts";

/** Azure's default, which the engine's own (noeviction) is not. */
const defaultMaxmemoryPolicy = "volatile-lru";
const defaultDatabases = 16;
/** Where the access keys' owner logs in by name. */
const keyUserName = "default";

/** undefined once the node is to be removed. */
export function deriveNode(cache: CacheDocument): NodeSpec | undefined {
  if (cache.removal === "node") return undefined;
  return {
    nodeId: cache.nodeId,
    cacheId: cache.cacheId,
    generation: cache.generation,
    engine: "auto",
    memoryBytesMax: limitsOf(cache).memoryBytes,
    maxmemoryPolicy: cache.settings.redisConfiguration["maxmemory-policy"] ?? defaultMaxmemoryPolicy,
    databases: databasesOf(cache),
    notifyKeyspaceEvents: cache.settings.redisConfiguration["notify-keyspace-events"] ?? "",
    adminUser: adminUser(cache),
    users: [appUser(cache)],
    replication: null,
  };
}

/** undefined once clients are to be turned away. It stands from the beginning, so that ports open while the engine starts. */
export function deriveRoute(cache: CacheDocument, domain: string): Route | undefined {
  if (cache.removal !== null) return undefined;
  return {
    cacheId: cache.cacheId,
    name: cache.name,
    hostName: cacheHostName(cache, domain),
    epoch: cache.route.epoch,
    tlsPort: cache.ports.tls.port,
    plainPort: cache.settings.enableNonSslPort ? cache.ports.plain.port : null,
    clientsMax: limitsOf(cache).clientsMax,
    databases: databasesOf(cache),
    minimumTlsVersion: cache.settings.minimumTlsVersion,
    users: [
      {
        name: keyUserName,
        needsPassword: true,
        passwordSha256: [cache.keys.primaryKey, cache.keys.secondaryKey].map(sha256),
        engineUser: appUserName,
        enginePassword: cache.enginePasswords.app,
      },
    ],
    refusedCommands: refusedByRedisCache,
    node: cache.route.node,
    move: null,
  };
}

export function databasesOf(cache: CacheDocument): number {
  return Number(cache.settings.redisConfiguration.databases ?? defaultDatabases);
}

export function limitsOf(cache: Pick<CacheDocument, "settings">) {
  const limits = skuLimits(cache.settings.sku);
  if (limits === undefined) throw new Error("a stored cache has a SKU that does not exist");
  return limits;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
