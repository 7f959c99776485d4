/** A cache as the management API shows it: the document, and what is observed of it now. */
import {
  type AccessKeys,
  cacheResourceId,
  type LarderNode,
  type LarderProperties,
  type RedisInstance,
  type RedisProperties,
  type RedisResource,
} from "@larder/api";
import {
  type CacheDocument,
  type CacheNode,
  cacheEtag,
  cacheHostName,
  openPorts,
  provisioningState,
  redisSku,
  servingNode,
} from "../documents/cache-document.ts";
import { limitsOf } from "../documents/derive.ts";
import { withHiddenSecrets } from "../documents/persistence.ts";
import { redisParent } from "../network/private-link-parent.ts";
import type { Observations } from "../reconcile/observations.ts";
import { observeCache } from "../reconcile/observe.ts";
import type { CacheSeen } from "../reconcile/plan/observed.ts";
import { whatIsMissing } from "../reconcile/plan/plan-cache.ts";
import type { StoredDocument } from "../store/store.ts";
import type { ApiContext } from "./api-context.ts";
import { identityBody } from "./identity-body.ts";
import { persistenceBody } from "./persistence-body.ts";
import { connectionBodies } from "./private-link-body.ts";

/** The version of Redis that Valkey is compatible with, by its own word (INFO server, redis_version). */
const valkeyAsRedis = "7.2";
/** Of the memory nothing is kept free unless its owner says so; Azure keeps a tenth and shows that. */
const noReserves = { "maxmemory-reserved": "0", "maxfragmentationmemory-reserved": "0", "maxmemory-delta": "0" };

/** `accessKeys` go only into answers to PUT and PATCH. */
export function cacheBody(
  stored: StoredDocument<CacheDocument>,
  api: ApiContext,
  accessKeys: AccessKeys | null,
): RedisResource {
  const cache = stored.value;
  const larder = larderProperties(stored, api);
  const { replicas, zones } = cache.settings;
  const identity = identityBody(cache.cacheId, cache.settings.identity, api.tenant);
  const properties: RedisProperties = {
    provisioningState: provisioningState(cache),
    redisVersion: redisVersion(larder.engine),
    sku: redisSku(cache.settings),
    enableNonSslPort: cache.settings.enableNonSslPort,
    minimumTlsVersion: cache.settings.minimumTlsVersion,
    publicNetworkAccess: cache.settings.publicNetworkAccess,
    updateChannel: cache.settings.updateChannel,
    disableAccessKeyAuthentication: cache.settings.disableAccessKeyAuthentication,
    zonalAllocationPolicy: zonalAllocationPolicy(cache, api),
    redisConfiguration: {
      maxclients: String(limitsOf(cache).clientsMax),
      ...noReserves,
      ...withHiddenSecrets(cache.settings.redisConfiguration),
    },
    tenantSettings: cache.settings.tenantSettings,
    hostName: cacheHostName(cache, api.domain),
    port: cache.ports.plain.port,
    sslPort: api.tlsPort,
    accessKeys,
    linkedServers: [],
    privateEndpointConnections: connectionBodies(cache, redisParent, api),
    ...(replicas > 0 ? { replicasPerMaster: replicas, replicasPerPrimary: replicas } : {}),
    instances: cache.nodes.map((node) => instanceOf(cache, node, api)),
    larder,
  };
  return {
    id: cacheResourceId(cache),
    name: cache.name,
    type: "Microsoft.Cache/Redis",
    location: cache.location,
    tags: cache.tags,
    etag: cacheEtag(cache),
    ...(zones.length > 0 ? { zones } : {}),
    ...(identity === undefined ? {} : { identity }),
    properties,
  };
}

function instanceOf(cache: CacheDocument, { nodeId, hostId }: CacheNode, api: ApiContext): RedisInstance {
  const isPrimary = cache.route.node?.nodeId === nodeId;
  const zone = zoneOf(hostId, api);
  return {
    sslPort: cache.ports.tls.port,
    ...(cache.settings.enableNonSslPort ? { nonSslPort: cache.ports.plain.port } : {}),
    ...(zone === null ? {} : { zone }),
    isMaster: isPrimary,
    isPrimary,
  };
}

function zoneOf(hostId: string, { observations }: ApiContext): string | null {
  return observations.lastReport(hostId)?.report.zone ?? null;
}

/** Where hosts name no zones, none are allocated. */
function zonalAllocationPolicy({ settings, nodes }: CacheDocument, api: ApiContext): string {
  const hasNoZones = settings.zones.length === 0 && nodes.every(({ hostId }) => zoneOf(hostId, api) === null);
  return hasNoZones ? "NoZones" : settings.zonalAllocationPolicy;
}

export function larderProperties(stored: StoredDocument<CacheDocument>, api: ApiContext): LarderProperties {
  const cache = stored.value;
  const observed = observeCache(stored, api.observations, api.published);
  const missing = whatIsMissing(cache, observed) ?? null;
  const { node } = api.observations.node(servingNode(cache));
  const answers = node?.state === "running" && cache.route.node !== null && cache.removal === null;
  const clients = observed.gateways.flatMap((gateway) => gateway.clientsConnected ?? []);
  return {
    state: answers && clients.length > 0 ? "available" : "unavailable",
    endpoint: {
      host: api.endpointHost ?? cacheHostName(cache, api.domain),
      tlsPort: cache.ports.tls.port,
      plainPort: openPorts(cache).plain?.port ?? null,
    },
    engine: node?.engine ? { name: node.engine.name, version: node.engine.version, kind: node.engine.kind } : null,
    nodes: nodesOf(observed, api.observations),
    durableWrites: cache.settings.durableWrites,
    replicaReads: cache.settings.replicaReads,
    persistence: persistenceBody(cache, observed),
    access: { policies: cache.access.policies.length, assignments: cache.access.assignments.length },
    memoryBytesMax: limitsOf(cache).memoryBytes,
    memoryBytesUsed: node?.memoryBytesUsed ?? null,
    clientsConnected: clients.length === 0 ? null : clients.reduce((sum, count) => sum + count, 0),
    underWay: underWay(cache),
    problem: cache.failure ?? (cache.change === null ? (missing ?? api.reconciler.waitsFor(cache.cacheId)) : null),
  };
}

function underWay({ move, relieve, nodes, intake }: CacheDocument): LarderProperties["underWay"] {
  const isRebooting = nodes.some(({ endRunId }) => endRunId !== null);
  return relieve?.cause ?? move?.cause ?? (isRebooting ? "reboot" : (intake?.cause ?? null));
}

function nodesOf({ nodes }: CacheSeen, observations: Observations): LarderNode[] {
  const written = nodes.find(({ seen }) => seen?.replication?.role === "primary")?.seen?.replication?.offset;
  return nodes.map(({ nodeId, hostId, seen }) => {
    const replication = seen?.replication ?? null;
    const isReplica = replication?.role === "replica";
    return {
      id: nodeId,
      host: hostId,
      address: observations.lastReport(hostId)?.report.address ?? null,
      engine: seen?.engine ? { name: seen.engine.name, version: seen.engine.version } : null,
      state: seen?.state ?? "unknown",
      role: replication === null || replication.role === "detached" ? null : replication.role,
      inSync: replication?.inSync ?? false,
      lagBytes: isReplica && written !== undefined ? Math.max(0, written - replication.offset) : null,
    };
  });
}

export function redisVersion(engine: LarderProperties["engine"]): string {
  return engine?.name === "redis" ? engine.version.split(".").slice(0, 2).join(".") : valkeyAsRedis;
}
