/** One cache as agents and gateways report it, seen against the document as the store has it. */
import type { CacheDocument } from "../documents/cache-document.ts";
import type { StoredDocument } from "../store/store.ts";
import type { Observations } from "./observations.ts";
import type { CacheSeen } from "./plan/observed.ts";
import type { Published } from "./published.ts";

export function observeCache(
  stored: StoredDocument<CacheDocument>,
  observations: Observations,
  published: Published,
): CacheSeen {
  const cache = stored.value;
  const needed = published.tableRevisionFor(cache.cacheId, stored.revision);
  const moveId = cache.move?.moveId;
  return {
    sinceMs: observations.sinceMs,
    nodes: cache.nodes.map((at) => {
      const { connected, node, failingSinceMs } = observations.node(at);
      const { nodeId, hostId } = at;
      return { nodeId, hostId, agentReporting: connected, seen: connected ? node : null, failingSinceMs };
    }),
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
