/** The lives of a cache's engines as their agents report them now. Pure. */
import type { NodeId, NodeObserved } from "@larder/api";
import type { CacheDocument, CacheNode } from "../documents/cache-document.ts";

/** Of connected agents. */
export type CacheLives = ReadonlyMap<NodeId, NodeObserved>;

export interface Life {
  node: CacheNode;
  runId: string;
}

/** undefined while the node's engine does not run, or its agent is away. */
export function lifeOf(node: CacheNode, lives: CacheLives): Life | undefined {
  const runId = lives.get(node.nodeId)?.runId ?? null;
  return runId === null ? undefined : { node, runId };
}

/** The life that takes the writes; undefined while there is none. */
export function primaryLife({ nodes, leader }: CacheDocument, lives: CacheLives): Life | undefined {
  const node =
    leader === null ? nodes.find(() => nodes.length === 1) : nodes.find((one) => one.nodeId === leader.nodeId);
  const life = node && lifeOf(node, lives);
  if (leader !== null && (leader.endedAtMs !== null || life?.runId !== leader.runId)) return undefined;
  return life;
}

/** Whether another node has all of the data and could take over. */
export function hasSuccessor({ nodes, leader }: CacheDocument, lives: CacheLives): boolean {
  const others = nodes.filter(({ nodeId, endRunId }) => nodeId !== leader?.nodeId && endRunId === null);
  return others.some(({ nodeId }) => lives.get(nodeId)?.replication?.inSync === true);
}
