/**
 * Bodies of `Microsoft.Cache/redis` at api-version 2024-11-01, as they stand on the wire
 * (Azure/azure-rest-api-specs, redis.json). `properties.larder` is the one addition: what an operator of this
 * service needs and Azure has no place for. Azure's own clients drop it unread.
 */
import type { Sku } from "./skus.ts";

export const redisApiVersion = "2024-11-01";

export type ProvisioningState = "Creating" | "Updating" | "Scaling" | "Deleting" | "Failed" | "Succeeded";

export interface AccessKeys {
  primaryKey: string;
  secondaryKey: string;
}

export interface RedisInstance {
  sslPort: number;
  nonSslPort?: number;
  isMaster: boolean;
  isPrimary: boolean;
}

/** Where and how the cache really runs. */
export interface LarderProperties {
  /** available: the engine answers and the gateway serves it. Independent of `provisioningState`, which is about change. */
  state: "available" | "unavailable";
  /** The cache's own address; works where names under the service's domain do not resolve. */
  endpoint: { host: string; tlsPort: number; plainPort: number | null };
  engine: { name: "valkey" | "redis"; version: string; kind: EngineKind } | null;
  memoryBytesMax: number;
  memoryBytesUsed: number | null;
  clientsConnected: number | null;
  /** Why the cache is not as wanted; null when it is. */
  problem: { code: string; message: string } | null;
}

export type EngineKind = "native" | "embedded";

export interface RedisProperties {
  provisioningState: ProvisioningState;
  redisVersion: string;
  sku: Sku;
  enableNonSslPort: boolean;
  minimumTlsVersion: string;
  publicNetworkAccess: string;
  updateChannel: string;
  disableAccessKeyAuthentication: boolean;
  zonalAllocationPolicy: string;
  redisConfiguration: Record<string, string>;
  tenantSettings: Record<string, string>;
  hostName: string;
  /** The plain-text port of the cache, open only when `enableNonSslPort` is true. */
  port: number;
  sslPort: number;
  accessKeys: AccessKeys | null;
  linkedServers: { id: string }[];
  instances: RedisInstance[];
  larder: LarderProperties;
}

export interface RedisResource {
  id: string;
  name: string;
  type: "Microsoft.Cache/Redis";
  location: string;
  tags: Record<string, string>;
  etag: string;
  properties: RedisProperties;
}

/** What a caller may send on PUT; read-only properties beside these are ignored. */
export interface RedisCreateProperties {
  sku: Sku;
  redisVersion?: string;
  enableNonSslPort?: boolean;
  minimumTlsVersion?: string;
  publicNetworkAccess?: string;
  updateChannel?: string;
  disableAccessKeyAuthentication?: boolean;
  zonalAllocationPolicy?: string;
  redisConfiguration?: Record<string, string>;
  tenantSettings?: Record<string, string>;
}

export interface RedisCreateBody {
  location: string;
  tags?: Record<string, string>;
  properties: RedisCreateProperties;
}

/** What a caller may send on PATCH. `tags`, where given, replaces the whole set; other properties merge. */
export interface RedisUpdateBody {
  tags?: Record<string, string>;
  properties?: Partial<RedisCreateProperties>;
}

export interface ResourceGroup {
  id: string;
  name: string;
  type: "Microsoft.Resources/resourceGroups";
  location: string;
  tags: Record<string, string>;
  properties: { provisioningState: "Succeeded" | "Deleting" };
}

/** The body of a polled long-running operation. */
export interface OperationStatus {
  id: string;
  name: string;
  status: "InProgress" | "Succeeded" | "Failed";
  startTime: string;
  endTime: string | null;
  percentComplete: number | null;
  properties: null;
  error: { code: string; message: string } | null;
}

export interface Page<T> {
  value: T[];
  nextLink?: string;
}
