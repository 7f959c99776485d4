/** What is known about one cache outside the store, as the plan sees it: the agents' and the gateways' last reports. */
import type { ListenerReport, NodeObserved } from "@larder/api";
import type { CacheNode } from "../../documents/cache-document.ts";

export interface GatewayObserved {
  /** The route as the store has it now, or its absence, is in force there. */
  acknowledged: boolean;
  /** Of this cache. */
  listeners: Pick<ListenerReport, "port" | "error">[];
  /** Of this cache; null where the gateway does not know the cache. */
  clientsConnected: number | null;
}

export interface ObservedNode extends Pick<CacheNode, "nodeId" | "hostId"> {
  /** Whether the agent of the node's host is connected and has said what exists there. Without it nothing is known. */
  agentReporting: boolean;
  /** null: it does not exist on the host, or the agent is not reporting. */
  seen: NodeObserved | null;
  /** Since when the node has not been running for want of a start; null while it runs or starts for the first time. */
  failingSinceMs: number | null;
}

export interface CacheObserved {
  /** Wall time since which this process listens to reports. */
  sinceMs: number;
  /** Each of the cache's nodes, in the document's order. */
  nodes: ObservedNode[];
  /** Those that are connected. */
  gateways: GatewayObserved[];
}
