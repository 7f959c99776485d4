/** A cluster and its database as the management API shows them: the documents, and what is observed of them now. */
import {
  type ClusterResource,
  clusterResourceId,
  type DatabaseResource,
  databaseName,
  databaseResourceId,
  type EnterprisePersistence,
  type EnterpriseProvisioningState,
  enterpriseSize,
  evictionPolicies,
  type RdbFrequency,
  type ResourceState,
  rdbFrequencies,
} from "@larder/api";
import { type CacheDocument, cacheHostName, openPorts } from "../documents/cache-document.ts";
import { hasAof, hasSnapshots } from "../documents/persistence.ts";
import type { Cluster } from "../enterprise/clusters.ts";
import { enterpriseParent } from "../network/private-link-parent.ts";
import type { StoredDocument } from "../store/store.ts";
import type { ApiContext } from "./api-context.ts";
import { larderProperties, redisVersion } from "./cache-body.ts";
import { connectionBodies } from "./private-link-body.ts";

type States = { provisioningState: EnterpriseProvisioningState; resourceState: ResourceState };

const running: States = { provisioningState: "Succeeded", resourceState: "Running" };
const deleting: States = { provisioningState: "Deleting", resourceState: "Deleting" };
const changing: Record<NonNullable<CacheDocument["change"]>["kind"], States> = {
  create: { provisioningState: "Creating", resourceState: "Creating" },
  update: { provisioningState: "Updating", resourceState: "Updating" },
  scale: { provisioningState: "Updating", resourceState: "Scaling" },
  delete: deleting,
};

export function clusterBody({ stored, database }: Cluster, api: ApiContext): ClusterResource {
  const { value: cluster } = stored;
  const { maintenanceWindows } = cluster;
  const larder = database && larderProperties(database, api);
  return {
    id: clusterResourceId(cluster),
    name: cluster.name,
    type: "Microsoft.Cache/redisEnterprise",
    kind: enterpriseSize(cluster.sku.name)?.kind ?? "v2",
    location: cluster.location,
    tags: cluster.tags,
    sku: cluster.sku,
    ...(cluster.zones.length > 0 ? { zones: cluster.zones } : {}),
    identity: cluster.identity,
    properties: {
      ...clusterStates({ stored, database }),
      hostName: cacheHostName({ ...cluster, provider: "enterprise" }, api.domain),
      highAvailability: cluster.highAvailability,
      redundancyMode: cluster.highAvailability === "Disabled" ? "None" : isInZones(database, api) ? "ZR" : "LR",
      minimumTlsVersion: cluster.minimumTlsVersion,
      publicNetworkAccess: cluster.publicNetworkAccess,
      redisVersion: redisVersion(larder?.engine ?? null),
      privateEndpointConnections: database === undefined ? [] : connectionBodies(database.value, enterpriseParent, api),
      ...(maintenanceWindows.length > 0 ? { maintenanceConfiguration: { maintenanceWindows } } : {}),
    },
  };
}

export function databaseBody(stored: StoredDocument<CacheDocument>, api: ApiContext): DatabaseResource {
  const { value: cache } = stored;
  const { settings, update } = cache;
  const { tls, plain } = openPorts(cache);
  const larder = larderProperties(stored, api);
  const configuration = settings.redisConfiguration;
  return {
    id: databaseResourceId(cache),
    name: databaseName,
    type: "Microsoft.Cache/redisEnterprise/databases",
    properties: {
      ...databaseStates(cache),
      clientProtocol: tls === null ? "Plaintext" : "Encrypted",
      port: (tls ?? plain)?.port ?? 0,
      clusteringPolicy: settings.enterprise?.clusteringPolicy ?? "OSSCluster",
      evictionPolicy: evictionPolicies[configuration["maxmemory-policy"] as keyof typeof evictionPolicies],
      persistence: persistenceOf(cache),
      modules: [],
      redisVersion: redisVersion(larder.engine),
      deferUpgrade: update.paused ? "Deferred" : "NotDeferred",
      accessKeysAuthentication: settings.disableAccessKeyAuthentication ? "Disabled" : "Enabled",
      notifyKeyspaceEvents: configuration["notify-keyspace-events"] ?? "",
      larder: {
        ...larder,
        endpoint: { host: larder.endpoint.host, tlsPort: tls?.port ?? null, plainPort: plain?.port ?? null },
        azureShards: enterpriseSize(settings.sku.name)?.azureShards ?? 1,
      },
    },
  };
}

/** A cluster is scaled by scaling its database. */
function clusterStates({ stored, database }: Cluster): States {
  if (stored.value.removal !== null) return deleting;
  return database?.value.change?.kind === "scale" ? changing.scale : running;
}

function databaseStates({ removal, change, failure, route }: CacheDocument): States {
  if (removal !== null) return deleting;
  if (change !== null) return changing[change.kind];
  if (failure === null) return running;
  return { provisioningState: "Failed", resourceState: route.node === null ? "CreateFailed" : "UpdateFailed" };
}

function persistenceOf({ settings }: CacheDocument): EnterprisePersistence {
  const minutes = Number(settings.redisConfiguration["rdb-backup-frequency"] || rdbFrequencies["1h"]);
  const [rdbFrequency] = Object.entries(rdbFrequencies).find(([, each]) => each === minutes) ?? ["1h"];
  return {
    aofEnabled: hasAof(settings),
    rdbEnabled: hasSnapshots(settings),
    ...(hasAof(settings) ? { aofFrequency: "1s" } : {}),
    ...(hasSnapshots(settings) ? { rdbFrequency: rdbFrequency as RdbFrequency } : {}),
  };
}

function isInZones(database: Cluster["database"], { observations }: ApiContext): boolean {
  const zones = (database?.value.nodes ?? []).map(({ hostId }) => observations.lastReport(hostId)?.report.zone ?? null);
  return new Set(zones).size > 1;
}
