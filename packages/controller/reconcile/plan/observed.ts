/** What is known about one cache outside the store, as the plan sees it: the agents' and the gateways' last reports. */
import type { EngineVersion, ListenerReport, MoveReport, NodeObserved, TransferObserved } from "@larder/api";
import type { CacheNode, Problem } from "../../documents/cache-document.ts";
import type { TransferDocument } from "../../documents/transfer-document.ts";

export interface GatewayObserved {
  /** The route as the store has it now, or its absence, is in force there, and no move before it is under way. */
  acknowledged: boolean;
  /** Of this cache. */
  listeners: Pick<ListenerReport, "port" | "error">[];
  /** Of this cache; null where the gateway does not know the cache. */
  clientsConnected: number | null;
  /** How far it is with the cache's planned move; null where it does not know of it. */
  move: MoveReport["state"] | null;
}

export interface ObservedNode extends Pick<CacheNode, "nodeId" | "hostId"> {
  /** Whether the agent of the node's host speaks and has said what exists there. Without it nothing is known. */
  agentReporting: boolean;
  /** null: it does not exist on the host, or the agent is not reporting. */
  seen: NodeObserved | null;
  /** Wall time since which its agent is not heard; null while it reports. */
  silentSinceMs: number | null;
  /** Since when the node has not been running for want of a start; null while it runs or starts for the first time. */
  failingSinceMs: number | null;
}

/** What the other caches and the hosts leave to this one. */
export interface Surroundings {
  /** Hosts that are to be emptied. */
  hostsDraining: readonly string[];
  /** Memory that can still be given out, by host. */
  freeBytes: ReadonlyMap<string, number>;
  /** Where one more node of the cache would go, or why it cannot be. */
  place: { hostId: string } | { problem: Problem };
  /** The engine that the cache is to have; null while that is not known. */
  engine: EngineVersion | null;
  /** Whether engines may be changed now: the schedule and the owner allow it, and no other cache is in the middle of it. */
  mayUpdate: boolean;
}

/** The cache itself. */
export interface CacheSeen {
  /** Wall time since which this process listens to reports. */
  sinceMs: number;
  /** Each of the cache's nodes, in the document's order. */
  nodes: ObservedNode[];
  /** The node that is being filled; null where there is none. It is nobody's candidate for anything. */
  intake: ObservedNode | null;
  /** Those under way, in the order in which they were asked for. */
  transfers: ObservedTransfer[];
  /** Those that are connected. */
  gateways: GatewayObserved[];
}

export interface ObservedTransfer {
  document: TransferDocument;
  /** What its node's agent says of it; null: nothing yet, or the agent is away. */
  seen: TransferObserved | null;
}

export interface CacheObserved extends CacheSeen {
  around: Surroundings;
}
