/** One cache as agents and gateways report it, seen against the document as the store has it. */
import type { CacheId, GatewayReport, TransferObserved } from "@larder/api";
import { allNodes, type CacheDocument, type CacheNode } from "../documents/cache-document.ts";
import { agentsTransferId, type TransferDocument } from "../documents/transfer-document.ts";
import type { StoredDocument } from "../store/store.ts";
import type { Observations } from "./observations.ts";
import type { CacheSeen, ObservedNode } from "./plan/observed.ts";
import type { Published } from "./published.ts";

export function observeCache(
  stored: StoredDocument<CacheDocument>,
  observations: Observations,
  published: Published,
  transfers: readonly TransferDocument[] = [],
): CacheSeen {
  const cache = stored.value;
  const { intake } = cache;
  const needed = published.tableRevisionFor(cache.cacheId, stored.revision);
  const moveId = cache.move?.moveId;
  return {
    sinceMs: observations.sinceMs,
    nodes: cache.nodes.map((node) => observeNode(node, observations)),
    intake: intake && observeNode(intake.node, observations),
    transfers: transfers.map((document) => ({ document, seen: progressOf(cache, document, observations) })),
    gateways: observations.gateways.connectedReports().map((report) => {
      const { move, listeners, connected } = saidOf(cache.cacheId, report);
      const isInForce = needed !== undefined && report !== null && published.hasInForce(report, needed);
      return {
        acknowledged: isInForce && (move === undefined || move.moveId === moveId),
        listeners,
        clientsConnected: connected ?? null,
        move: move?.moveId === moveId ? (move?.state ?? null) : null,
      };
    }),
  };
}

/** What a report says of one cache. */
interface SaidOfCache {
  listeners: GatewayReport["listeners"];
  move?: GatewayReport["moves"][number];
  connected?: number;
}

const nothing: SaidOfCache = { listeners: [] };
const sortedReports = new WeakMap<GatewayReport, Map<CacheId, SaidOfCache>>();

/** Each report is taken apart once: a list of caches looks into it for every one of them. */
function saidOf(cacheId: CacheId, report: GatewayReport | null): SaidOfCache {
  if (report === null) return nothing;
  const sorted = sortedReports.get(report) ?? sortedByCache(report);
  sortedReports.set(report, sorted);
  return sorted.get(cacheId) ?? nothing;
}

function sortedByCache(report: GatewayReport): Map<CacheId, SaidOfCache> {
  const sorted = new Map<CacheId, SaidOfCache>();
  const of = (cacheId: CacheId): SaidOfCache => {
    const said = sorted.get(cacheId) ?? { listeners: [] };
    sorted.set(cacheId, said);
    return said;
  };
  for (const listener of report.listeners) of(listener.cacheId).listeners.push(listener);
  for (const move of report.moves) of(move.cacheId).move = move;
  for (const { cacheId, connected } of report.clients) of(cacheId).connected = connected;
  return sorted;
}

function observeNode(at: CacheNode, observations: Observations): ObservedNode {
  const { connected, node, silentSinceMs, failingSinceMs } = observations.node(at);
  const { nodeId, hostId } = at;
  return { nodeId, hostId, agentReporting: connected, seen: connected ? node : null, silentSinceMs, failingSinceMs };
}

/** What is said now of a transfer that an agent has; null: nothing. */
export function progressOf(
  cache: CacheDocument,
  transfer: TransferDocument,
  observations: Pick<Observations, "transfer">,
): TransferObserved | null {
  const node = allNodes(cache).find(({ nodeId }) => nodeId === transfer.nodeId);
  return node === undefined ? null : observations.transfer(node.hostId, agentsTransferId(transfer));
}
