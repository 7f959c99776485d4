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
 * rises with every change of `route.node`; `leader.epoch` rises with every new leader; once `removal` is set it is never taken back.
 */
import type { AccessKeys, CacheId, Leader, NodeId, ProvisioningState, Route, Sku } from "@larder/api";

export interface CacheSettings {
  sku: Sku;
  /** Of the primary: one node each. */
  replicas: number;
  redisVersion: string;
  enableNonSslPort: boolean;
  minimumTlsVersion: "1.2";
  updateChannel: string;
  zonalAllocationPolicy: string;
  /** Only what the owner set. */
  redisConfiguration: Record<string, string>;
  tenantSettings: Record<string, string>;
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
}

export type RouteNode = NonNullable<Route["node"]>;

export interface CacheDocument {
  cacheId: CacheId;
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
  enginePasswords: { admin: string; app: string; replication: string };
  ports: { tls: OwnPort; plain: OwnPort };
  /** Rises with every change that the owner makes; the etag. */
  version: number;
  /** Rises with every change of what agents and gateways must do. */
  generation: number;
  settledGeneration: number;
  change: Change | null;
  failure: Problem | null;
  route: { epoch: number; node: RouteNode | null };
  /** "route": clients are being turned away; "node": the engine is being removed. */
  removal: "route" | "node" | null;
}

const changingStates = { create: "Creating", update: "Updating", scale: "Scaling", delete: "Deleting" } as const;

export function provisioningState(cache: CacheDocument): ProvisioningState {
  if (cache.removal !== null) return "Deleting";
  if (cache.change !== null) return changingStates[cache.change.kind];
  return cache.failure === null ? "Succeeded" : "Failed";
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

export function cacheHostName(cache: Pick<CacheDocument, "name">, domain: string): string {
  return `${cache.name.toLowerCase()}.${domain}`;
}
