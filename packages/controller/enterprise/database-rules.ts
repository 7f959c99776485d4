/**
 * What the database of a cluster may be: (cluster, what there is, what is asked) → the settings of the cache that it is, or a
 * refusal that names the property. Pure.
 */
import {
  type DatabaseAsked,
  enterpriseSizeGb,
  entriesOf,
  evictionPolicies,
  hasKeysByDefault,
  LarderError,
  noClusterGbMax,
  rdbFrequencies,
} from "@larder/api";
import type { Changes, NewCache } from "../caches/cache-changes.ts";
import { checkReplicated, noIdentity, persistToOf } from "../caches/cache-rules.ts";
import { checkKept } from "../caches/persistence-rules.ts";
import { zonesOf } from "../caches/zone-rules.ts";
import type { CacheDocument, CacheSettings, EnterpriseSettings } from "../documents/cache-document.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";

/** `version`: of the API, whose defaults count. */
export function newDatabase(cluster: ClusterDocument, asked: DatabaseAsked, version: string): NewCache {
  const first: CacheSettings = {
    sku: cluster.sku,
    enterprise: { clusteringPolicy: "OSSCluster" },
    replicas: 0,
    redisVersion: "latest",
    enableNonSslPort: false,
    minimumTlsVersion: cluster.minimumTlsVersion,
    publicNetworkAccess: cluster.publicNetworkAccess ?? "Enabled",
    updateChannel: "Stable",
    ...zonesOf(cluster),
    identity: noIdentity,
    disableAccessKeyAuthentication: !hasKeysByDefault(version),
    // Tokens always count.
    redisConfiguration: { databases: "1", "maxmemory-policy": "volatile-lru", "aad-enabled": "true" },
    tenantSettings: {},
    durableWrites: false,
    replicaReads: false,
    persistTo: null,
    persistedSinceMs: null,
  };
  const settings = settingsOf(cluster, asked, first);
  const pausesUpdates = asked.deferUpgrade === "Deferred";
  const { location } = cluster;
  return {
    location,
    tags: {},
    settings,
    port: asked.port,
    pausesUpdates,
    patchSchedule: entriesOf(cluster.maintenanceWindows),
  };
}

/** What is left out stays. */
export function changedDatabase(cluster: ClusterDocument, asked: DatabaseAsked, cache: CacheDocument): Changes {
  requireUnchanged(cache, asked);
  const settings = settingsOf(cluster, asked, cache.settings);
  const isSwapped = settings.enableNonSslPort !== cache.settings.enableNonSslPort;
  const paused = asked.deferUpgrade === undefined ? cache.update.paused : asked.deferUpgrade === "Deferred";
  return {
    settings,
    // One port, whichever way it is spoken to.
    ports: isSwapped ? { tls: cache.ports.plain, plain: cache.ports.tls } : cache.ports,
    update: { ...cache.update, paused },
    patchSchedule: entriesOf(cluster.maintenanceWindows),
  };
}

function settingsOf(cluster: ClusterDocument, asked: DatabaseAsked, current: CacheSettings): CacheSettings {
  const { clientProtocol: protocol, accessKeysAuthentication: keys, larder } = asked;
  const redisConfiguration = configurationOf(asked, current.redisConfiguration);
  const settings: CacheSettings = {
    ...current,
    sku: cluster.sku,
    enterprise: enterpriseOf(asked, current),
    replicas: cluster.highAvailability === "Enabled" ? 1 : 0,
    publicNetworkAccess: cluster.publicNetworkAccess ?? "Enabled",
    enableNonSslPort: protocol === undefined ? current.enableNonSslPort : protocol === "Plaintext",
    disableAccessKeyAuthentication: keys === undefined ? current.disableAccessKeyAuthentication : keys === "Disabled",
    redisConfiguration,
    durableWrites: larder?.durableWrites ?? current.durableWrites,
    replicaReads: larder?.replicaReads ?? current.replicaReads,
    persistTo: persistToOf(larder?.persistTo, redisConfiguration, current),
  };
  checkPolicy(settings);
  checkReplicated(settings, "a cluster without high availability does not have");
  const kept = { snapshots: "persistence.rdbEnabled", aof: "persistence.aofEnabled" };
  checkKept(settings, kept, "properties.persistence");
  return settings;
}

function enterpriseOf({ clusteringPolicy }: DatabaseAsked, { enterprise }: CacheSettings): EnterpriseSettings {
  if (enterprise === null) throw new Error("the cache of another provider was taken for a database");
  return clusteringPolicy === undefined ? enterprise : { clusteringPolicy };
}

function configurationOf(asked: DatabaseAsked, current: Record<string, string>): Record<string, string> {
  const { evictionPolicy, persistence, notifyKeyspaceEvents } = asked;
  const [policy] = Object.entries(evictionPolicies).find(([, name]) => name === evictionPolicy) ?? [];
  const { rdbEnabled, rdbFrequency, aofEnabled } = persistence ?? {};
  const said: Record<string, string | undefined> = {
    "maxmemory-policy": policy,
    "rdb-backup-enabled": rdbEnabled?.toString(),
    "rdb-backup-frequency": rdbFrequency && String(rdbFrequencies[rdbFrequency]),
    "aof-backup-enabled": aofEnabled?.toString(),
    "notify-keyspace-events": notifyKeyspaceEvents,
  };
  const next = { ...current };
  for (const [key, value] of Object.entries(said)) if (value !== undefined) next[key] = value;
  return next;
}

function requireUnchanged({ ports, settings }: CacheDocument, asked: DatabaseAsked): void {
  const { clusteringPolicy } = settings.enterprise ?? {};
  const { port } = settings.enableNonSslPort ? ports.plain : ports.tls;
  if (asked.port !== undefined && asked.port !== port)
    throw invalid("properties.port", `is ${port}, and can only be chosen when the database is created`);
  if (asked.clusteringPolicy === undefined || asked.clusteringPolicy === clusteringPolicy) return;
  if (clusteringPolicy !== "NoCluster")
    throw invalid("properties.clusteringPolicy", `is ${clusteringPolicy}, and can only be changed from NoCluster`);
}

function checkPolicy({ sku, enterprise }: CacheSettings): void {
  const sizeGb = enterpriseSizeGb(sku) ?? 0;
  if (enterprise?.clusteringPolicy === "NoCluster" && sizeGb > noClusterGbMax)
    throw invalid(
      "properties.clusteringPolicy",
      `may be NoCluster up to ${noClusterGbMax} GB, and ${sku.name} has ${sizeGb}`,
    );
}

function invalid(target: string, message: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${message}.`, { target });
}
