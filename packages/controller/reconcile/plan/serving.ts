/** What reports say of who serves a cache. Pure. */
import type { NodeObserved, RouteNode } from "@larder/api";
import type { CacheDocument } from "../../documents/cache-document.ts";
import type { CacheSeen } from "./observed.ts";

export type Replicated = NodeObserved & {
  runId: string;
  replication: NonNullable<NodeObserved["replication"]>;
};

/** A controller that has just started does not take for silent who has not spoken yet. */
export const firstReportsMs = 3_000;

/** A cache that once had several nodes, or one that was being filled, stays one whose primary is appointed. */
export function isReplicated(cache: CacheDocument): boolean {
  return cache.nodes.length > 1 || cache.leader !== null || cache.intake !== null;
}

/** The primary, once it leads: it may be served from. */
export function servingPrimary({ leader }: CacheDocument, { nodes }: CacheSeen): Replicated | undefined {
  const seen = nodes.find(({ nodeId }) => nodeId === leader?.nodeId)?.seen ?? null;
  if (leader === null || leader.endedAtMs !== null || !isRunning(seen) || seen.runId !== leader.runId) return undefined;
  const { role, epoch } = seen.replication;
  return role === "primary" && epoch === leader.epoch ? seen : undefined;
}

export function isRunning(seen: NodeObserved | null): seen is Replicated {
  return seen !== null && seen.state === "running" && seen.runId !== null && seen.replication !== null;
}

export function routeNodeOf({ nodeId, socketPath, engine, replication }: NodeObserved): RouteNode | undefined {
  if (engine === null) return undefined;
  const address = replication?.address ?? null;
  return { nodeId, socketPath, address, engine: engine.name, version: engine.version };
}
