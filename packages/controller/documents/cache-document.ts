/**
 * A cache as the store keeps it: what its owner asked for, what was given to it for life (ids, ports, passwords), and
 * how far it has come. It holds secrets. What agents and gateways are told is derived from it, never stored.
 *
 *   change   removal   failure    provisioningState
 *   create   null      null       Creating
 *   update   null      null       Updating
 *   scale    null      null       Scaling
 *   any      set       any        Deleting
 *   null     null      set        Failed      (goes on being reconciled, and becomes Succeeded if it can be)
 *   null     null      null       Succeeded
 *
 * Invariants: `settledGeneration` ≤ `generation`; while `change` is set, its operation is not finished; `route.epoch`
 * rises with every change of `route.node`; `leader.epoch` rises with every new leader, and is left out where a move may
 * have used it; once `removal` is set it is never taken back.
 */
import {
  type AccessKeys,
  type AskedIdentity,
  type CacheId,
  type CacheProvider,
  type ClusteringPolicy,
  type EngineVersion,
  type EnterpriseSku,
  isRedisSku,
  type Leader,
  type NodeId,
  type ProvisioningState,
  type Route,
  type ScheduleEntry,
  type Sku,
  type StorageLocation,
  type TransferId,
} from "@larder/api";
import type { CacheAccess } from "./cache-access.ts";

/** How far the cache is with a newer engine that its hosts have. */
export interface UpdateState {
  /** Its owner does not wait for the schedule. */
  startNow: boolean;
  /** Its owner wants none for now. */
  paused: boolean;
  /** Why the last one was given up; it is not tried again until its owner says so. */
  stopped: Problem | null;
}

/** What a database of `Microsoft.Cache/redisEnterprise` is told that has no place elsewhere in the settings. */
export interface EnterpriseSettings {
  clusteringPolicy: ClusteringPolicy;
}

export interface CacheSettings {
  sku: Sku | EnterpriseSku;
  /** null: the cache is none of that provider's. */
  enterprise: EnterpriseSettings | null;
  /** Of the primary: one node each. */
  replicas: number;
  redisVersion: string;
  enableNonSslPort: boolean;
  minimumTlsVersion: "1.2";
  /** Clients log in with tokens alone. */
  disableAccessKeyAuthentication: boolean;
  /** Disabled: by private endpoints alone. */
  publicNetworkAccess: "Enabled" | "Disabled";
  updateChannel: string;
  zonalAllocationPolicy: string;
  /** Only on hosts in these; empty: on any. */
  zones: string[];
  identity: AskedIdentity;
  /** Only what the owner set. */
  redisConfiguration: Record<string, string>;
  tenantSettings: Record<string, string>;
  /** Writes are answered once a replica has them. */
  durableWrites: boolean;
  /** Replicas may be read from while there is no primary. */
  replicaReads: boolean;
  /** Where copies of what is kept go, other than by a connection string of Azure's; null: nowhere else. */
  persistTo: StorageLocation | null;
  /** Wall time at which persistence was turned on; null while it is off. */
  persistedSinceMs: number | null;
}

/** A port that is the cache's own. `served`: a gateway has listened on it, so clients may know it and it stays. */
export interface OwnPort {
  port: number;
  served: boolean;
}

export type ChangeKind = "create" | "update" | "scale" | "delete";

export interface Change {
  kind: ChangeKind;
  operationId: string;
  /** Wall time after which the operation fails if the change is not through. */
  deadlineMs: number;
}

export interface Problem {
  code: string;
  message: string;
}

/** One engine process of the cache, and the host whose agent runs it. */
export interface CacheNode {
  nodeId: NodeId;
  hostId: string;
  /** What it was given of its host's memory, which its size follows. */
  memoryBytes: number;
  /** The engine that it was made for; null: whichever its host prefers. */
  engine: EngineVersion | null;
  /** Wall time at which it joined. */
  addedMs: number;
  /** The life that is to end and begin anew (a reboot); null: none. One that is asked not to lead first hands over. */
  endRunId: string | null;
}

/** Why a planned change of the primary is made. */
export type MoveCause = "switchover" | "reboot" | "update" | "scale" | "drain" | "replicas" | "import" | "migration";

/**
 * A planned change of the primary, under way. Until its last step, which is one transaction that names the new leader
 * and the new route, clients belong to the present node and it can be called off.
 *
 *   prepare   gateways connect to the target
 *   hold      gateways send nothing; then the present primary yields and the target leads, by orders that no document tells
 */
export interface CacheMove {
  moveId: string;
  target: RouteNode;
  phase: "prepare" | "hold";
  cause: MoveCause;
  /** Wall time at which the move began, and its present phase. */
  startMs: number;
  phaseMs: number;
}

/**
 * A node that is being filled with other data, by a transfer. It is none of `nodes` until it leads: then the cache's data is what it
 * holds, and the others follow it.
 */
export interface CacheIntake {
  transferId: TransferId;
  cause: "import" | "migration";
  node: CacheNode;
}

/** How often in a row a move was called off, and when the next may begin. */
export interface MoveTrouble {
  times: number;
  notBeforeMs: number;
}

export type RouteNode = NonNullable<Route["node"]>;

/** What the cache's history has said of its persistence, and is not to say again. */
export interface PersistenceTold {
  /** Files that could not be read: "NODE/NAME". */
  unreadable: string[];
  failing: FailingKept[];
}

export interface FailingKept {
  nodeId: NodeId;
  code: string;
  /** Wall time at which it was told. */
  sinceMs: number;
  /** When it last worked before that, by its host's clock; null: never, or that is not known. */
  succeededAtMs: number | null;
}

export interface CacheDocument {
  cacheId: CacheId;
  provider: CacheProvider;
  /** In the order in which they were made; at least one. */
  nodes: CacheNode[];
  /** Which of several nodes is the primary; null before the first is, and where there is only one node. */
  leader: Leader | null;
  subscription: string;
  resourceGroup: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  settings: CacheSettings;
  keys: AccessKeys;
  access: CacheAccess;
  enginePasswords: { admin: string; app: string; replication: string };
  ports: { tls: OwnPort; plain: OwnPort };
  /** Rises with every change that the owner makes; the etag. */
  version: number;
  /** Rises with every change of what agents and gateways must do. */
  generation: number;
  settledGeneration: number;
  change: Change | null;
  failure: Problem | null;
  route: { epoch: number; node: RouteNode | null; readNodes: RouteNode[] };
  move: CacheMove | null;
  intake: CacheIntake | null;
  moveTrouble: MoveTrouble | null;
  /** Clients have had no primary since then, for this reason; null while they have one. */
  outage: { sinceMs: number; cause: string } | null;
  /**
   * A life that is asked not to lead any longer, if another node can; null: none. One that is to end after that stays here
   * until no gateway uses it.
   */
  relieve: { runId: string; cause: MoveCause } | null;
  update: UpdateState;
  /** null: nothing yet. */
  persistenceTold: PersistenceTold | null;
  /** When engines may be updated; empty: at any time. */
  patchSchedule: ScheduleEntry[];
  /** The number of its newest event; 0 before the first. */
  eventNumber: number;
  /** "route": clients are being turned away; "node": the engine is being removed. */
  removal: "route" | "node" | null;
}

const changingStates = { create: "Creating", update: "Updating", scale: "Scaling", delete: "Deleting" } as const;

export function provisioningState(cache: CacheDocument): ProvisioningState {
  if (cache.removal !== null) return "Deleting";
  if (cache.change !== null) return changingStates[cache.change.kind];
  return cache.failure === null ? "Succeeded" : "Failed";
}

/** Its own, and one that is being filled: what hosts run for it. */
export function allNodes({ nodes, intake }: Pick<CacheDocument, "nodes" | "intake">): CacheNode[] {
  return intake === null ? nodes : [...nodes, intake.node];
}

/** The node that clients are served from, or are to be. */
export function servingNode(cache: CacheDocument): CacheNode {
  const serving = cache.nodes.find(({ nodeId }) => nodeId === cache.route.node?.nodeId) ?? cache.nodes[0];
  if (serving === undefined) throw new Error("a stored cache has no node");
  return serving;
}

export function cacheEtag(cache: CacheDocument): string {
  return `"${cache.cacheId.slice(0, 8)}-${cache.version}"`;
}

export function cacheHostName(
  { name, location, provider }: Pick<CacheDocument, "name" | "location" | "provider">,
  domain: string,
): string {
  return [name.toLowerCase(), ...(provider === "enterprise" ? [locationLabel(location)] : []), domain].join(".");
}

/** A location as a part of host names. */
export function locationLabel(location: string): string {
  return location.toLowerCase().replaceAll(/[^a-z0-9-]/g, "");
}

/** Of a cache of `Microsoft.Cache/redis`. */
export function redisSku({ sku }: Pick<CacheSettings, "sku">): Sku {
  if (isRedisSku(sku)) return sku;
  throw new Error("a cache of another provider was taken for one of Microsoft.Cache/redis");
}

/** Those of its ports that are open; a database of `Microsoft.Cache/redisEnterprise` has one. */
export function openPorts({ ports, settings }: CacheDocument): { tls: OwnPort | null; plain: OwnPort | null } {
  if (settings.enterprise !== null && settings.enableNonSslPort) return { tls: null, plain: ports.plain };
  return { tls: ports.tls, plain: settings.enableNonSslPort ? ports.plain : null };
}
