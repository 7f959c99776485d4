/**
 * What to do next for one cache: (document, observed, now) → at most one action. Pure.
 *
 * Each action is one change of the document, done with whatever belongs to it in one transaction; agents and gateways
 * follow what is derived from the document. One at a time, so that after each the world is looked at again, and so that
 * there is no list of steps to be in the middle of: a controller that died anywhere plans from what is true.
 *
 *   while it is to exist                          while it is to go
 *   appoint      who leads has changed, or nobody  removeNode  no gateway serves it any more
 *                does any more (plan-leader.ts)    forget      its nodes are gone from their hosts
 *   publishNode  the engine answers elsewhere
 *                than the route says, or failed
 *   publishReaders  other replicas have a copy
 *   movePort     a port nobody knows yet is
 *                taken by somebody else
 *   tellPersistence  the history is to say
 *                something of it (plan-persistence-news.ts)
 *   …            a planned change of the primary
 *                goes on (plan-move.ts), a transfer
 *                (plan-transfers.ts), or a change of
 *                the nodes (plan-nodes.ts)
 *   settle       all is as wanted
 *   fail         it cannot become so, or not in time
 *
 * A failed cache is still reconciled: when the obstacle goes, it settles. A removal is never given up.
 */
import type { Leader } from "@larder/api";
import {
  type CacheDocument,
  type Change,
  type OwnPort,
  openPorts,
  type Problem,
  type RouteNode,
} from "../../documents/cache-document.ts";
import type { CacheObserved, CacheSeen, ObservedNode } from "./observed.ts";
import { planLeader } from "./plan-leader.ts";
import { type MoveAction, planMove } from "./plan-move.ts";
import { type NodesAction, planNodes } from "./plan-nodes.ts";
import { type PersistenceNews, planPersistenceNews } from "./plan-persistence-news.ts";
import { planTransfers, planTransfersEnd, type TransferAction } from "./plan-transfers.ts";
import { isReplicated, isRunning, routeNodeOf, servingPrimary } from "./serving.ts";

export type CacheAction =
  | { type: "appoint"; leader: Leader; cause: string }
  | { type: "publishNode"; node: RouteNode | null }
  | { type: "publishReaders"; readNodes: RouteNode[] }
  | { type: "movePort"; which: "tls" | "plain"; from: number }
  | { type: "settle" }
  | { type: "fail"; problem: Problem }
  | { type: "removeNode" }
  | { type: "forget" }
  | PersistenceNews
  | MoveAction
  | NodesAction
  | TransferAction;

export interface CachePlan {
  action: CacheAction | null;
  /** Nothing is left to do until something outside changes. */
  settled: boolean;
  /** Why its nodes are not as they should be, where nothing can be done about that now; null: they are. */
  waitsFor: Problem | null;
  /** When to look again if nothing happens before; null: never. */
  lookAgainAtMs: number | null;
}

/** How long an engine may fail to start, being tried again, before a creation counts as failed. */
const startTriesMs = 10_000;
/** A deadline that passed while the controller was away is not held against the cache before peers could report. */
const firstReportsMs = 10_000;

export function planCache(cache: CacheDocument, observed: CacheObserved, nowMs: number): CachePlan {
  return cache.removal === null ? planService(cache, observed, nowMs) : planRemoval(cache, observed, nowMs);
}

function planService(cache: CacheDocument, observed: CacheObserved, nowMs: number): CachePlan {
  const { leader, cause, lookAgainAtMs } = planLeader(cache, observed, nowMs);
  if (leader !== undefined) return act({ type: "appoint", leader, cause });
  if (lookAgainAtMs !== null && nowMs < lookAgainAtMs) return rest(lookAgainAtMs, false);
  if (cache.move !== null) return stepOf(planMove(cache, cache.move, observed, nowMs));
  const node = nodeToPublish(cache, observed);
  if (node !== undefined) return act({ type: "publishNode", node });
  const readNodes = readersToPublish(cache, observed);
  if (readNodes !== undefined) return act({ type: "publishReaders", readNodes });
  const moved = portToMove(cache, observed);
  if (moved !== undefined) return act(moved);
  const news = planPersistenceNews(cache, observed, nowMs);
  if (news !== undefined) return act(news);
  const transfers = planTransfers(cache, observed, nowMs);
  if (transfers.action !== undefined) return act(transfers.action);
  const nodes = hasPrimary(cache, observed) ? planNodes(cache, observed, nowMs) : undefined;
  if (nodes?.action !== undefined) return act(nodes.action);
  const missing =
    nodeProblem(cache, observed) ?? nodes?.waitsFor ?? gatewayProblem(cache, observed, unservedPorts(cache));
  if (missing === undefined && !isSettled(cache)) return act({ type: "settle" });
  const laterMs = earlier(nodes?.lookAgainAtMs ?? null, transfers.lookAgainAtMs);
  const waitsFor = nodes?.waitsFor ?? null;
  if (isSettled(cache)) return rest(laterMs, waitsFor === null, waitsFor);
  if (cache.change === null || missing === undefined) return rest(laterMs, false, waitsFor);
  const hopelessAtMs = whenHopeless(observed, deadlineOf(cache.change, observed));
  if (nowMs >= hopelessAtMs) return act({ type: "fail", problem: missing });
  return rest(Math.min(hopelessAtMs, laterMs ?? hopelessAtMs), false, waitsFor);
}

function stepOf({
  action,
  lookAgainAtMs,
}: {
  action: CacheAction | undefined;
  lookAgainAtMs: number | null;
}): CachePlan {
  return action === undefined ? rest(lookAgainAtMs, false) : act(action);
}

/** Clients can be served: nothing is planned about the nodes of a cache that has other troubles. */
function hasPrimary(cache: CacheDocument, observed: CacheSeen): boolean {
  if (isReplicated(cache)) return servingPrimary(cache, observed) !== undefined;
  return observed.nodes[0]?.seen?.state === "running";
}

function planRemoval(cache: CacheDocument, observed: CacheSeen, nowMs: number): CachePlan {
  const end = planTransfersEnd(observed);
  if (end !== undefined) return act(end);
  if (cache.removal === "route" && observed.gateways.every((gateway) => gateway.acknowledged))
    return act({ type: "removeNode" });
  if (cache.removal === "node" && observed.nodes.every(({ agentReporting, seen }) => agentReporting && seen === null))
    return act({ type: "forget" });
  if (cache.change === null) return rest(null, false);
  const deadlineMs = deadlineOf(cache.change, observed);
  if (nowMs < deadlineMs) return rest(deadlineMs, false);
  const message =
    "The cache is not removed yet: its host or a gateway does not answer. It will be removed when they do.";
  return act({ type: "fail", problem: { code: "ServiceUnavailable", message } });
}

/** undefined: the route is right as it is. A node that starts again keeps its route, as it answers at the same place. */
function nodeToPublish(cache: CacheDocument, observed: CacheSeen): RouteNode | null | undefined {
  const wanted = isReplicated(cache) ? primaryToPublish(cache, observed) : loneNodeToPublish(observed);
  return wanted === undefined || sameNode(wanted, cache.route.node) ? undefined : wanted;
}

function loneNodeToPublish({ nodes }: CacheSeen): RouteNode | null | undefined {
  const seen = nodes[0]?.seen;
  if (seen?.state === "failed") return null;
  return seen?.state === "running" ? routeNodeOf(seen) : undefined;
}

/** A primary that is lost keeps the route until it has a successor: clients wait for that. */
function primaryToPublish(cache: CacheDocument, observed: CacheSeen): RouteNode | null | undefined {
  const primary = servingPrimary(cache, observed);
  if (primary !== undefined) return routeNodeOf(primary);
  return observed.nodes.every(({ seen }) => seen?.state === "failed") ? null : undefined;
}

/** Those that have a copy while there is a primary: once there is none, they are asked in its place. */
function readersToPublish(cache: CacheDocument, observed: CacheSeen): RouteNode[] | undefined {
  const { leader, settings, route } = cache;
  if (leader === null || !settings.replicaReads || servingPrimary(cache, observed) === undefined) return undefined;
  const readNodes = observed.nodes.flatMap(({ nodeId, seen }) => {
    const hasCopy = nodeId !== leader.nodeId && isRunning(seen) && seen.replication.copiedEpoch >= leader.firstEpoch;
    return hasCopy ? (routeNodeOf(seen) ?? []) : [];
  });
  return JSON.stringify(readNodes) === JSON.stringify(route.readNodes) ? undefined : readNodes;
}

function sameNode(a: RouteNode | null, b: RouteNode | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function portToMove(cache: CacheDocument, observed: CacheSeen): CacheAction | undefined {
  for (const which of ["tls", "plain"] as const) {
    const { port, served } = cache.ports[which];
    if (!served && observed.gateways.some((gateway) => listenerOf(gateway, port)?.error === "EADDRINUSE"))
      return { type: "movePort", which, from: port };
  }
  return undefined;
}

function isSettled(cache: CacheDocument): boolean {
  return cache.change === null && cache.failure === null && cache.settledGeneration === cache.generation;
}

/** Why the cache is not as wanted, in the order of the way a change takes; undefined when it is. */
export function whatIsMissing(cache: CacheDocument, observed: CacheSeen): Problem | undefined {
  return nodeProblem(cache, observed) ?? gatewayProblem(cache, observed, wantedPorts(cache));
}

function nodeProblem(cache: CacheDocument, { nodes }: CacheSeen): Problem | undefined {
  for (const node of nodes) {
    const problem = problemOf(cache, node);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOf(cache: CacheDocument, { agentReporting, seen }: ObservedNode): Problem | undefined {
  if (!agentReporting)
    return { code: "ServiceUnavailable", message: "The agent of the cache's host is not connected." };
  if (seen?.error) return seen.error;
  if (seen === null || seen.state !== "running")
    return { code: "EngineStartFailed", message: "The engine does not answer yet." };
  if (seen.generation < cache.generation)
    return { code: "ServiceUnavailable", message: "The engine does not have the newest settings yet." };
  if (!isReplicated(cache) || seen.nodeId === cache.leader?.nodeId || seen.replication?.inSync) return undefined;
  return { code: "ServiceUnavailable", message: "A replica does not have all of the data yet." };
}

function gatewayProblem(cache: CacheDocument, { gateways }: CacheSeen, ports: OwnPort[]): Problem | undefined {
  if (gateways.length === 0) return { code: "ServiceUnavailable", message: "No gateway is connected." };
  if (cache.route.node === null || !gateways.every((gateway) => gateway.acknowledged))
    return { code: "ServiceUnavailable", message: "A gateway does not have the newest route yet." };
  for (const own of ports) {
    const listeners = gateways.map((gateway) => listenerOf(gateway, own.port));
    const failed = listeners.find((listener) => listener?.error != null);
    if (failed?.error != null)
      return { code: "PortInUse", message: `Port ${own.port} cannot be listened on (${failed.error}).` };
    if (listeners.includes(undefined))
      return { code: "ServiceUnavailable", message: `Port ${own.port} is not open yet.` };
  }
  return undefined;
}

function wantedPorts(cache: CacheDocument): OwnPort[] {
  const { tls, plain } = openPorts(cache);
  return [tls, plain].filter((port) => port !== null);
}

/** A port that worked before does not hold up a change; its trouble shows on the resource. */
function unservedPorts(cache: CacheDocument): OwnPort[] {
  return wantedPorts(cache).filter((own) => !own.served);
}

function listenerOf(gateway: CacheSeen["gateways"][number], port: number) {
  return gateway.listeners.find((listener) => listener.port === port);
}

/** When waiting longer would not help: at once without an engine, after some tries with one that does not start. */
function whenHopeless(observed: CacheSeen, deadlineMs: number): number {
  if (observed.nodes.some(({ seen }) => seen?.error?.code === "EngineNotAvailable")) return 0;
  const failingSince = observed.nodes.flatMap(({ failingSinceMs }) => failingSinceMs ?? []);
  return Math.min(deadlineMs, ...failingSince.map((sinceMs) => sinceMs + startTriesMs));
}

function deadlineOf(change: Change, observed: CacheSeen): number {
  return Math.max(change.deadlineMs, observed.sinceMs + firstReportsMs);
}

function earlier(oneMs: number | null, otherMs: number | null): number | null {
  if (oneMs === null || otherMs === null) return oneMs ?? otherMs;
  return Math.min(oneMs, otherMs);
}

function act(action: CacheAction): CachePlan {
  return { action, settled: false, waitsFor: null, lookAgainAtMs: null };
}

function rest(lookAgainAtMs: number | null, settled: boolean, waitsFor: Problem | null = null): CachePlan {
  return { action: null, settled, waitsFor, lookAgainAtMs };
}
