/**
 * Bodies of `Microsoft.Cache/redis` at api-version 2024-11-01, as they stand on the wire
 * (Azure/azure-rest-api-specs, redis.json). `properties.larder` is the one addition: what an operator of this
 * service needs and Azure has no place for. Azure's own clients drop it unread.
 */
import type { EngineVersion } from "./agent-protocol.ts";
import type { PrivateEndpointConnection } from "./network-resource.ts";
import type { Sku } from "./skus.ts";
import type { StorageLocation } from "./storage-location.ts";

export const redisApiVersion = "2024-11-01";

export type ProvisioningState = "Creating" | "Updating" | "Scaling" | "Deleting" | "Failed" | "Succeeded";

export interface AccessKeys {
  primaryKey: string;
  secondaryKey: string;
}

/** One node. Azure counts ports up from 15000; here all nodes are reached at the cache's own, which these are. */
export interface RedisInstance {
  sslPort: number;
  nonSslPort?: number;
  /** Where its host is in one. */
  zone?: string;
  isMaster: boolean;
  isPrimary: boolean;
}

/** One engine process of a cache. */
export interface LarderNode {
  id: string;
  /** The host's id and its own address; null while its agent has not been heard. */
  host: string;
  address: string | null;
  engine: { name: "valkey" | "redis"; version: string } | null;
  state: "starting" | "running" | "failed" | "unknown";
  /** null while it is neither, and of a cache without replicas. */
  role: "primary" | "replica" | null;
  /** Of a replica: it holds all that its primary has, but for what is under way. */
  inSync: boolean;
  /** Of a replica: bytes of the stream of writes that it has yet to process. */
  lagBytes: number | null;
}

/** What is kept of a cache's data for after a crash, and how well. */
export interface LarderPersistence {
  /** From the end of one snapshot to the beginning of the next; null: none are taken. */
  snapshotEveryMinutes: number | null;
  /** starting: what has been written until now is not in the append-only files yet. */
  aof: "on" | "off" | "starting";
  /** Of all nodes; null before the first. */
  lastSnapshotAt: string | null;
  /** Where copies go, without its secrets; null: nowhere. */
  copyTo: string | null;
  copiedAt: string | null;
  /** What the primary's present life began with. */
  restored: { from: "snapshot" | "aof" | "copy"; savedAt: string } | null;
  /** How far a node is that loads what was kept. */
  loading: { bytes: number; bytesTotal: number } | null;
  /** How often something failed, as far as the present agents know. */
  failures: number;
  /** What could not be read, on the nodes' hosts. */
  setAside: { node: string; name: string; reason: string }[];
  problem: { code: string; message: string } | null;
}

/** Where and how the cache really runs. */
export interface LarderProperties {
  /** available: the engine answers and the gateway serves it. Independent of `provisioningState`, which is about change. */
  state: "available" | "unavailable";
  /** The cache's own address; works where names under the service's domain do not resolve. */
  endpoint: { host: string; tlsPort: number; plainPort: number | null };
  engine: { name: "valkey" | "redis"; version: string; kind: EngineKind } | null;
  nodes: LarderNode[];
  durableWrites: boolean;
  replicaReads: boolean;
  /** null: nothing is kept. */
  persistence: LarderPersistence | null;
  /** How many access policies of its own it has, and how many assignments of policies. */
  access: { policies: number; assignments: number };
  memoryBytesMax: number;
  memoryBytesUsed: number | null;
  clientsConnected: number | null;
  /** What is being done to it while it goes on serving; null: nothing. */
  underWay: "switchover" | "reboot" | "update" | "scale" | "drain" | "replicas" | "import" | "migration" | null;
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
  /** Only where there are replicas. */
  replicasPerMaster?: number;
  replicasPerPrimary?: number;
  linkedServers: { id: string }[];
  privateEndpointConnections: PrivateEndpointConnection[];
  instances: RedisInstance[];
  larder: LarderProperties;
}

/** A managed identity, by which a cache would prove who it is elsewhere. Ids are made here and stay. */
export interface ManagedIdentity {
  type: "None" | "SystemAssigned" | "UserAssigned" | "SystemAssigned, UserAssigned";
  principalId?: string;
  tenantId?: string;
  userAssignedIdentities?: Record<string, { principalId: string; clientId: string }>;
}

export interface RedisResource {
  id: string;
  name: string;
  type: "Microsoft.Cache/Redis";
  location: string;
  tags: Record<string, string>;
  etag: string;
  /** Only where its owner chose some. */
  zones?: string[];
  identity?: ManagedIdentity;
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
  /** The older name of `replicasPerPrimary`. */
  replicasPerMaster?: number;
  /** 1 to 3, for Premium. Standard has one replica, Basic none. */
  replicasPerPrimary?: number;
  redisConfiguration?: Record<string, string>;
  tenantSettings?: Record<string, string>;
  larder?: LarderSettings;
  /** On the wire these two stand beside the properties. */
  zones?: string[];
  identity?: AskedIdentity;
}

export interface AskedIdentity {
  isSystemAssigned: boolean;
  /** Resource ids. */
  userAssigned: string[];
}

/** What a cache of this service can be told that Azure has no place for: `properties.larder` of PUT and PATCH. */
export interface LarderSettings {
  /** A write is answered once a replica in sync has it. Standard and Premium. */
  durableWrites?: boolean;
  /** Replicas answer reads while there is no primary. Standard and Premium. */
  replicaReads?: boolean;
  /** Where copies of what persistence keeps go; without a URL: nowhere. Premium. */
  persistTo?: StorageLocation;
  /** Of a smaller size: keys may be evicted to fit. Not kept. */
  acceptEviction?: boolean;
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

export const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
export const scheduleDays = [...weekdays, "Everyday", "Weekend"] as const;

/** A window of the patch schedule, in UTC. */
export interface ScheduleEntry {
  dayOfWeek: (typeof scheduleDays)[number];
  /** 0 to 23. */
  startHourUtc: number;
  /** ISO 8601; PT5H at least, of a cluster PT4H. */
  maintenanceWindow: string;
}

/** `…/redis/{name}/patchSchedules/default`. */
export interface PatchSchedule {
  id: string;
  /** "{cache}/default" */
  name: string;
  type: "Microsoft.Cache/Redis/PatchSchedules";
  location: string;
  properties: { scheduleEntries: ScheduleEntry[] };
}

/** Whether a newer engine is there for a cache: `GET …/redis/{name}/updates`. */
export interface CacheUpdates {
  /** Of the node that serves; null while that is not known. */
  current: EngineVersion | null;
  /** What every host has and the cache's `redisVersion` takes; null: nothing. */
  available: EngineVersion | null;
  /** A node has an older engine than `available`. */
  pending: boolean;
  /**
   * current  nothing to do          paused   its owner wants none for now
   * waiting  for the next window    stopped  it went wrong, and waits for a word
   * running  now
   */
  state: "current" | "waiting" | "running" | "paused" | "stopped";
  /** The patch schedule allows it now. */
  windowOpen: boolean;
  /** ISO 8601; null without a schedule. */
  windowOpensNext: string | null;
  /** Why the last one was given up. */
  stopped: { code: string; message: string } | null;
}

/** What has happened to a cache: `GET …/redis/{name}/events`, the newest first. */
export interface CacheEvent {
  /** Rises. */
  number: number;
  /** ISO 8601. */
  time: string;
  kind:
    | "created"
    | "failover"
    | "switchover"
    | "update"
    | "scale"
    | "replicas"
    | "reboot"
    | "flush"
    | "node"
    | "import"
    | "export"
    | "migration"
    | "persistence"
    | "backup"
    | "access"
    | "problem";
  /** Why: "the primary's process ended". */
  cause: string;
  /** What came of it, as a sentence. */
  text: string;
  /** Of the whole; null where that means nothing. */
  durationMs: number | null;
  /** For how long clients were held, as the controller saw it; null where none were. */
  holdMs: number | null;
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
