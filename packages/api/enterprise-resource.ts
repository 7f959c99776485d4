/**
 * Bodies of `Microsoft.Cache/redisEnterprise` at api-version 2025-07-01, as they stand on the wire
 * (Azure/azure-rest-api-specs, redisenterprise.json). `properties.larder` of a database is the one addition, as with
 * `Microsoft.Cache/redis`.
 */
import type { EnterpriseSku } from "./enterprise-skus.ts";
import type { MaintenanceWindow } from "./maintenance-windows.ts";
import type { PrivateEndpointConnection } from "./network-resource.ts";
import type { LarderProperties, LarderSettings } from "./redis-resource.ts";

export const clusteringPolicies = ["OSSCluster", "EnterpriseCluster", "NoCluster"] as const;
export type ClusteringPolicy = (typeof clusteringPolicies)[number];

/** By the engine's own name for each. */
export const evictionPolicies = {
  "allkeys-lfu": "AllKeysLFU",
  "allkeys-lru": "AllKeysLRU",
  "allkeys-random": "AllKeysRandom",
  "volatile-lru": "VolatileLRU",
  "volatile-lfu": "VolatileLFU",
  "volatile-ttl": "VolatileTTL",
  "volatile-random": "VolatileRandom",
  noeviction: "NoEviction",
} as const;
export type EvictionPolicy = (typeof evictionPolicies)[keyof typeof evictionPolicies];

/** What the only access policy allows. */
export const everything = "+@all ~*";

/** Minutes by the service's name for them. */
export const rdbFrequencies = { "1h": 60, "6h": 360, "12h": 720 } as const;
export type RdbFrequency = keyof typeof rdbFrequencies;

export type Switch = "Enabled" | "Disabled";
export type EnterpriseProvisioningState = "Succeeded" | "Failed" | "Canceled" | "Creating" | "Updating" | "Deleting";
export type ResourceState =
  | "Running"
  | "Creating"
  | "CreateFailed"
  | "Updating"
  | "UpdateFailed"
  | "Deleting"
  | "DeleteFailed"
  | "Scaling"
  | "ScalingFailed";

export interface ClusterIdentity {
  type: string;
  userAssignedIdentities?: Record<string, object>;
}

export interface ClusterResource {
  id: string;
  name: string;
  type: "Microsoft.Cache/redisEnterprise";
  kind: "v1" | "v2";
  location: string;
  tags: Record<string, string>;
  sku: EnterpriseSku;
  zones?: string[];
  identity: ClusterIdentity;
  properties: {
    provisioningState: EnterpriseProvisioningState;
    resourceState: ResourceState;
    hostName: string;
    highAvailability: Switch;
    redundancyMode: "None" | "LR" | "ZR";
    minimumTlsVersion: string;
    /** null: made by a version that did not ask. */
    publicNetworkAccess: Switch | null;
    redisVersion: string;
    privateEndpointConnections: PrivateEndpointConnection[];
    /** Left out where there are no windows. */
    maintenanceConfiguration?: { maintenanceWindows: MaintenanceWindow[] };
  };
}

export interface EnterprisePersistence {
  aofEnabled: boolean;
  rdbEnabled: boolean;
  aofFrequency?: "1s";
  rdbFrequency?: RdbFrequency;
}

/** Its one port speaks one way. */
export interface DatabaseLarderProperties extends Omit<LarderProperties, "endpoint"> {
  endpoint: { host: string; tlsPort: number | null; plainPort: number | null };
  /** Azure would have so many shards of this size; here it is one. */
  azureShards: number;
}

export interface DatabaseResource {
  id: string;
  name: "default";
  type: "Microsoft.Cache/redisEnterprise/databases";
  properties: {
    provisioningState: EnterpriseProvisioningState;
    resourceState: ResourceState;
    clientProtocol: "Encrypted" | "Plaintext";
    port: number;
    clusteringPolicy: ClusteringPolicy;
    evictionPolicy: EvictionPolicy;
    persistence: EnterprisePersistence;
    modules: [];
    redisVersion: string;
    deferUpgrade: "Deferred" | "NotDeferred";
    accessKeysAuthentication: Switch;
    notifyKeyspaceEvents: string;
    larder: DatabaseLarderProperties;
  };
}

/** What a caller may send of a cluster; read-only properties beside these are ignored. */
export interface ClusterAsked {
  sku?: EnterpriseSku;
  zones?: string[];
  identity?: ClusterIdentity;
  tags?: Record<string, string>;
  properties?: {
    highAvailability?: Switch;
    minimumTlsVersion?: "1.0" | "1.1" | "1.2";
    publicNetworkAccess?: Switch;
    maintenanceConfiguration?: { maintenanceWindows: MaintenanceWindow[] };
    larder?: Pick<LarderSettings, "acceptEviction">;
  };
}

export interface ClusterCreateBody extends ClusterAsked {
  location: string;
  sku: EnterpriseSku;
}

export interface DatabaseAsked {
  clientProtocol?: "Encrypted" | "Plaintext";
  port?: number;
  clusteringPolicy?: ClusteringPolicy;
  evictionPolicy?: EvictionPolicy;
  persistence?: {
    aofEnabled?: boolean;
    rdbEnabled?: boolean;
    aofFrequency?: "1s" | "always";
    rdbFrequency?: RdbFrequency;
  };
  deferUpgrade?: "Deferred" | "NotDeferred";
  accessKeysAuthentication?: Switch;
  notifyKeyspaceEvents?: string;
  larder?: LarderSettings;
}
