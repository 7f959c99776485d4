/**
 * Whether a cache may take another size or number of replicas, with the hosts and the data as they are. Pure. Refusals
 * throw LarderError, with the figures.
 */
import { type AgentReport, LarderError } from "@larder/api";
import { type CacheDocument, type CacheSettings, servingNode } from "../documents/cache-document.ts";
import { limitsOf } from "../documents/derive.ts";
import { inMb, requireRoomForMore, requireRoomToGrow } from "./capacity.ts";

/** A shrunk cache keeps this much room over what it holds. */
const shrinkHeadroom = 1.25;

export interface ScaleFacts {
  caches: readonly CacheDocument[];
  reports: readonly AgentReport[];
  /** Those that may be given nodes. */
  open: readonly AgentReport[];
  isEvictionAccepted: boolean;
}

/** What nodes are added, moved or resized for. */
export function sizeOf({ sku, replicas }: CacheSettings): unknown {
  return [sku, replicas];
}

export function checkScale(cache: CacheDocument, next: CacheDocument, facts: ScaleFacts): void {
  const { caches, reports, open, isEvictionAccepted } = facts;
  const { nodeId, hostId } = servingNode(cache);
  const report = reports.find((each) => each.hostId === hostId);
  if (report === undefined)
    throw new LarderError("ServiceUnavailable", "The cache's host is not connected; try again in a moment.");
  const node = report.nodes.find((each) => each.nodeId === nodeId);
  if (next.settings.replicas > cache.settings.replicas) {
    if (node?.engine?.kind === "embedded") throw notCopied();
    requireRoomForMore(next, caches, open);
  }
  const [from, to] = [limitsOf(cache).memoryBytes, limitsOf(next).memoryBytes];
  if (to > from) requireRoomToGrow(next, caches, { reports, open });
  if (to < from && !isEvictionAccepted) requireFit(node?.memoryBytesUsed ?? null, to);
}

function requireFit(used: number | null, to: number): void {
  if (used === null)
    throw new LarderError("ServiceUnavailable", "It is not known yet how much memory the cache uses; try again.");
  if (used * shrinkHeadroom <= to) return;
  const text =
    `The cache uses ${inMb(used)} and needs a quarter more as room; the size asked for has ${inMb(to)}. ` +
    "Set 'properties.larder.acceptEviction' (--accept-eviction) to have keys evicted.";
  throw new LarderError("InvalidParameter", text, { target: "properties.sku.capacity" });
}

function notCopied(): LarderError {
  const text = "The cache runs on the embedded engine, which cannot be copied. Create another on a native engine.";
  return new LarderError("OperationNotSupported", text, { target: "properties.sku" });
}
