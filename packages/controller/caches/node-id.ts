/** Names of nodes: they begin with their cache's name, for whoever looks at a host's processes and files. */
import type { NodeId } from "@larder/api";
import type { Randomness } from "@larder/service";

const nameLengthMax = 24;

export function newNodeId(cacheName: string, randomness: Randomness): NodeId {
  return `${cacheName.toLowerCase().slice(0, nameLengthMax)}-${randomness.bytes(4).toString("hex")}` as NodeId;
}
