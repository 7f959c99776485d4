/** A cache document with defaults for everything, for tests: what a test sets is what matters to it. */
import type { CacheId, NodeId } from "@larder/api";
import { noAccess } from "./cache-access.ts";
import type { CacheDocument, CacheNode } from "./cache-document.ts";

export function cacheFixture(changes: Partial<CacheDocument> = {}): CacheDocument {
  return {
    cacheId: "cache-1" as CacheId,
    provider: "redis",
    nodes: [nodeFixture("shop-1", "host-1")],
    leader: null,
    subscription: "sub",
    resourceGroup: "default",
    name: "shop",
    location: "local",
    tags: {},
    settings: {
      sku: { name: "Basic", family: "C", capacity: 0 },
      enterprise: null,
      replicas: 0,
      redisVersion: "latest",
      enableNonSslPort: false,
      minimumTlsVersion: "1.2",
      disableAccessKeyAuthentication: false,
      publicNetworkAccess: "Enabled",
      updateChannel: "Stable",
      zonalAllocationPolicy: "Automatic",
      zones: [],
      identity: { isSystemAssigned: false, userAssigned: [] },
      redisConfiguration: {},
      tenantSettings: {},
      durableWrites: false,
      replicaReads: false,
      persistTo: null,
      persistedSinceMs: null,
    },
    access: noAccess,
    keys: { primaryKey: "primary", secondaryKey: "secondary" },
    enginePasswords: { admin: "admin", app: "app", replication: "replication" },
    ports: { tls: { port: 10_000, served: false }, plain: { port: 10_001, served: false } },
    version: 1,
    generation: 1,
    settledGeneration: 0,
    change: { kind: "create", operationId: "op-1", deadlineMs: 120_000 },
    failure: null,
    route: { epoch: 1, node: null, readNodes: [] },
    move: null,
    intake: null,
    moveTrouble: null,
    outage: null,
    relieve: null,
    update: { startNow: false, paused: false, stopped: null },
    persistenceTold: null,
    patchSchedule: [],
    eventNumber: 0,
    removal: null,
    ...changes,
  };
}

const MiB = 1024 * 1024;

export function nodeFixture(nodeId: string, hostId: string): CacheNode {
  return { nodeId: nodeId as NodeId, hostId, memoryBytes: 250 * MiB, engine: null, addedMs: 0, endRunId: null };
}
