/** Whether a cache has a newer engine before it, and what it waits for. Pure. */
import { type CacheUpdates, type EngineVersion, isOlder } from "@larder/api";
import type { CacheLives } from "../caches/cache-lives.ts";
import { type CacheDocument, type CacheNode, servingNode } from "../documents/cache-document.ts";
import { isOpen, nextOpening } from "./patch-window.ts";

export interface UpdateFacts {
  lives: CacheLives;
  /** wanted-engine.ts */
  available: EngineVersion | null;
  nowMs: number;
}

export function updateStatus(cache: CacheDocument, facts: UpdateFacts): CacheUpdates {
  const { available, nowMs, lives } = facts;
  const opensMs = nextOpening(cache.patchSchedule, nowMs);
  return {
    current: engineOf(servingNode(cache), lives),
    available,
    pending: isUpdatePending(cache, facts),
    state: stateOf(cache, facts),
    windowOpen: isOpen(cache.patchSchedule, nowMs),
    windowOpensNext: opensMs === null ? null : new Date(opensMs).toISOString(),
    stopped: cache.update.stopped,
  };
}

export function isUpdatePending(cache: CacheDocument, facts: UpdateFacts): boolean {
  return outdatedOf(cache, facts).length > 0;
}

function stateOf(cache: CacheDocument, facts: UpdateFacts): CacheUpdates["state"] {
  const { update, patchSchedule, nodes } = cache;
  const outdated = outdatedOf(cache, facts);
  if (outdated.length === 0) return "current";
  if (update.stopped !== null) return "stopped";
  // Begun, it goes on: some of its nodes cannot follow others any more.
  if (outdated.length < nodes.length) return "running";
  if (update.paused) return "paused";
  return update.startNow || isOpen(patchSchedule, facts.nowMs) ? "running" : "waiting";
}

function outdatedOf({ nodes }: CacheDocument, { lives, available }: UpdateFacts): CacheNode[] {
  return nodes.filter((node) => {
    const engine = engineOf(node, lives);
    return available !== null && engine !== null && isOlder(engine, available);
  });
}

function engineOf(node: CacheNode, lives: CacheLives): EngineVersion | null {
  const seen = lives.get(node.nodeId)?.engine;
  return seen ? { name: seen.name, version: seen.version } : node.engine;
}
