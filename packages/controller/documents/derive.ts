/**
 * What agents and gateways are told, derived from cache documents alone: the same documents give the same text. Both
 * hold engine passwords; neither holds access keys.
 */
import { createHash } from "node:crypto";
import {
  enterpriseReservedFraction,
  isOlder,
  limitsOfSku,
  type NodeSpec,
  type Route,
  type RouteUser,
  refusedByManagedRedis,
  refusedByRedisCache,
  refusedWithoutCluster,
  type TransferSpec,
} from "@larder/api";
import { deriveNetwork } from "../network/derive-network.ts";
import { allNodes, type CacheDocument, type CacheNode, cacheHostName, openPorts } from "./cache-document.ts";
import { adminUser, appUser, appUserName, replicationUser } from "./engine-users.ts";
import { derivePersistence } from "./persistence.ts";
import { policyUsers, tokenUsers } from "./policy-users.ts";
import { agentsTransferId, type TransferDocument } from "./transfer-document.ts";

/** For how long gateways hold at most in a planned move; they count from when they begin. */
export const holdMs = 2_000;
/** Azure's default, which the engine's own (noeviction) is not. */
const defaultMaxmemoryPolicy = "volatile-lru";
const defaultDatabases = 16;
/** One replica, as the one that has the most follows a primary that is lost. As long may a write wait for it. */
const durableWrites = { replicas: 1, timeoutMs: 2_000 } as const;
const MiB = 1024 * 1024;
const reserveMin = 0.1;
const reserveMax = 0.6;
const reservesMax = 0.9;
/** Where the access keys' owner logs in by name. */
const keyUserName = "default";

/** What the agent of a host is to run; nothing once the nodes are to be removed. */
export function deriveNodes(cache: CacheDocument, hostId: string): NodeSpec[] {
  if (cache.removal === "node") return [];
  return allNodes(cache)
    .filter((node) => node.hostId === hostId)
    .map((node) => deriveNode(cache, node));
}

/** What the agent of a host is to move: of a cache's transfers under way those that stand on one of its nodes there. */
export function deriveTransfers(
  cache: CacheDocument,
  transfers: readonly TransferDocument[],
  hostId: string,
): TransferSpec[] {
  if (cache.removal === "node") return [];
  const nodeIds = allNodes(cache).flatMap((node) => (node.hostId === hostId ? node.nodeId : []));
  return transfers.flatMap((transfer) => {
    const { cacheId, status, nodeId, filter, task } = transfer;
    const isHere = cacheId === cache.cacheId && nodeId !== null && nodeIds.includes(nodeId);
    return isHere && status !== "waiting" ? [{ transferId: agentsTransferId(transfer), nodeId, filter, ...task }] : [];
  });
}

function deriveNode(cache: CacheDocument, node: CacheNode): NodeSpec {
  const isFilled = node.nodeId === cache.intake?.node.nodeId;
  return {
    nodeId: node.nodeId,
    cacheId: cache.cacheId,
    generation: cache.generation,
    engine: "auto",
    engineVersion: node.engine,
    endRunId: endRunIdOf(cache, node),
    memoryBytesMax: maxmemoryOf(cache, node),
    maxmemoryPolicy: cache.settings.redisConfiguration["maxmemory-policy"] ?? defaultMaxmemoryPolicy,
    databases: databasesOf(cache),
    notifyKeyspaceEvents: cache.settings.redisConfiguration["notify-keyspace-events"] ?? "",
    adminUser: adminUser(cache),
    users: [appUser(cache)],
    policyUsers: policyUsers(cache),
    accessGeneration: cache.access.generation,
    replication: replicationOf(cache, node),
    isIntake: isFilled,
    // What is being put together there is kept once it is the cache's data.
    persistence: isFilled ? null : derivePersistence(cache),
  };
}

/** What keys may take of a node. */
export function maxmemoryOf(cache: CacheDocument, { memoryBytes }: Pick<CacheNode, "memoryBytes">): number {
  return memoryBytes - reservedBytes(cache, memoryBytes);
}

/** Once a cache had several nodes its primary is appointed, also when one is left. */
function replicationOf(cache: CacheDocument, node: CacheNode): NodeSpec["replication"] {
  const { leader, nodes, intake, move } = cache;
  if (nodes.length === 1 && leader === null && intake === null) return null;
  const led = nodes.find(({ nodeId }) => nodeId === leader?.nodeId)?.engine ?? null;
  const follows = led === null || node.engine === null || !isOlder(node.engine, led);
  return {
    leader,
    user: replicationUser(cache),
    // A node that was filled can become the primary in a move only.
    hasOthers: nodes.length > 1 || (intake !== null && move?.target.nodeId === intake.node.nodeId),
    serveStale: cache.settings.replicaReads,
    follows,
  };
}

/** A primary that is asked to hand over before goes on until it has, and no gateway uses it any more. */
function endRunIdOf({ relieve }: CacheDocument, { endRunId }: CacheNode): string | null {
  return endRunId === relieve?.runId ? null : endRunId;
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
    plainPort: openPorts(cache).plain?.port ?? null,
    hasTls: openPorts(cache).tls !== null,
    isCluster: cache.settings.enterprise?.clusteringPolicy === "OSSCluster",
    clientsMax: limitsOf(cache).clientsMax,
    databases: databasesOf(cache),
    minimumTlsVersion: cache.settings.minimumTlsVersion,
    users: [...keyUsers(cache), ...tokenUsers(cache)],
    ownLogin: { engineUser: appUserName, enginePassword: cache.enginePasswords.app },
    cutEpoch: cache.access.cutEpoch,
    network: deriveNetwork(cache),
    refusedCommands: refusedCommands(cache),
    node: cache.route.node,
    readNodes: cache.settings.replicaReads ? cache.route.readNodes : [],
    durableWrites: cache.settings.durableWrites && cache.settings.replicas > 0 ? durableWrites : null,
    move: moveOf(cache),
  };
}

/** Nobody where keys do not count. */
function keyUsers(cache: CacheDocument): RouteUser[] {
  if (cache.settings.disableAccessKeyAuthentication) return [];
  const user: RouteUser = {
    name: keyUserName,
    needsPassword: true,
    passwordSha256: [cache.keys.primaryKey, cache.keys.secondaryKey].map(sha256),
    objectId: null,
    engineUser: appUserName,
    enginePassword: cache.enginePasswords.app,
  };
  return [user];
}

function refusedCommands({ settings: { enterprise } }: CacheDocument): readonly string[] {
  if (enterprise === null) return refusedByRedisCache;
  return enterprise.clusteringPolicy === "OSSCluster" ? refusedByManagedRedis : refusedWithoutCluster;
}

function moveOf({ move }: CacheDocument): Route["move"] {
  return move && { moveId: move.moveId, target: move.target, phase: move.phase, holdMs };
}

/**
 * What the cache's owner keeps free for other things than data. Each of the two reserves is moved into 10 to 60 % of the
 * memory, as Azure does; together they leave a tenth.
 */
function reservedBytes(cache: CacheDocument, memoryBytes: number): number {
  if (cache.provider === "enterprise") return Math.floor(enterpriseReservedFraction * memoryBytes);
  const reserves = ["maxmemory-reserved", "maxfragmentationmemory-reserved"].flatMap((key) => {
    const megabytes = cache.settings.redisConfiguration[key];
    if (megabytes === undefined) return [];
    return Math.min(Math.max(Number(megabytes) * MiB, reserveMin * memoryBytes), reserveMax * memoryBytes);
  });
  const sum = reserves.reduce((all, each) => all + each, 0);
  return Math.floor(Math.min(sum, reservesMax * memoryBytes));
}

export function databasesOf(cache: CacheDocument): number {
  return Number(cache.settings.redisConfiguration.databases ?? defaultDatabases);
}

export function limitsOf(cache: Pick<CacheDocument, "settings">) {
  const limits = limitsOfSku(cache.settings.sku);
  if (limits === undefined) throw new Error("a stored cache has a SKU that does not exist");
  return limits;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
