/** One cache as agents and gateways report it, seen against the document as the store has it. */
import type { TransferObserved } from "@larder/api";
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
      const move = report?.moves.find(({ cacheId }) => cacheId === cache.cacheId);
      const isInForce = needed !== undefined && report !== null && report.revision >= needed;
      return {
        acknowledged: isInForce && (move === undefined || move.moveId === moveId),
        listeners: report?.listeners.filter((listener) => listener.cacheId === cache.cacheId) ?? [],
        clientsConnected: report?.clients.find((clients) => clients.cacheId === cache.cacheId)?.connected ?? null,
        move: move?.moveId === moveId ? (move?.state ?? null) : null,
      };
    }),
  };
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
