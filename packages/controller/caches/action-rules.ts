/**
 * What an operator's actions make of a cache's document, or why they cannot be done now: (document, lives) → document.
 * Pure. Refusals throw LarderError. What is written here is what is to happen; the reconciler does it.
 */
import { LarderError, type RebootType } from "@larder/api";
import type { CacheDocument, CacheNode } from "../documents/cache-document.ts";
import type { EventNote } from "../documents/cache-events.ts";
import { type CacheLives, hasSuccessor, type Life, lifeOf, primaryLife } from "./cache-lives.ts";

export const updateActions = ["start", "pause", "resume"] as const;
export type UpdateAction = (typeof updateActions)[number];

const noTimes = { durationMs: null, holdMs: null };

/** Another node takes over, as clients are held for a moment. */
export function switchedOver(cache: CacheDocument, lives: CacheLives): CacheDocument {
  requireCalm(cache);
  return { ...cache, relieve: { runId: relievedLife(cache, lives).runId, cause: "switchover" } };
}

/** The present lives end and begin anew. A primary first hands over, unless all go at once. */
export function rebooted(
  cache: CacheDocument,
  lives: CacheLives,
  type: RebootType,
): { cache: CacheDocument; note: EventNote } {
  requireCalm(cache);
  const note: EventNote = { ...noTimes, kind: "reboot", cause: "asked for", text: rebootTexts[type] };
  if (type === "SecondaryNode") return { cache: endingReplicas(cache, lives), note };
  if (type === "AllNodes" || cache.nodes.length === 1) return { cache: endingAll(cache, lives), note };
  const { node, runId } = relievedLife(cache, lives);
  const ending = withEnds(cache, [{ node, runId }]);
  return { cache: { ...ending, relieve: { runId, cause: "reboot" } }, note };
}

const rebootTexts: Record<RebootType, string> = {
  PrimaryNode: "A reboot of the primary begins",
  SecondaryNode: "A reboot of the replicas begins",
  AllNodes: "A reboot of all nodes begins",
};

/** Whom to order a flush. */
export function flushTarget(cache: CacheDocument, lives: CacheLives): Life {
  requireIdle(cache);
  if (cache.move !== null)
    throw new LarderError("Conflict", "The primary is being changed just now; try again in a moment.");
  return requirePrimary(cache, lives);
}

/** `isPending`: there is a newer engine. */
export function updateAsked(cache: CacheDocument, action: UpdateAction, isPending: boolean): CacheDocument {
  if (cache.removal !== null) throw busy(cache);
  if (action === "pause") return { ...cache, update: { ...cache.update, startNow: false, paused: true } };
  if (action === "resume") return { ...cache, update: { ...cache.update, paused: false, stopped: null } };
  if (!isPending) throw new LarderError("Conflict", `'${cache.name}' has the newest engine that its hosts have.`);
  return { ...cache, update: { startNow: true, paused: false, stopped: null } };
}

function endingReplicas(cache: CacheDocument, lives: CacheLives): CacheDocument {
  const replicas = cache.nodes.filter(({ nodeId }) => cache.nodes.length > 1 && nodeId !== cache.leader?.nodeId);
  if (replicas.length === 0)
    throw new LarderError("InvalidParameter", `'${cache.name}' has no replica.`, { target: "rebootType" });
  return withEnds(cache, requireLives(replicas, lives));
}

function endingAll(cache: CacheDocument, lives: CacheLives): CacheDocument {
  return withEnds(cache, requireLives(cache.nodes, lives));
}

/** Agents have something to do: the generation rises. */
function withEnds(cache: CacheDocument, ending: readonly Life[]): CacheDocument {
  const runIds = new Map(ending.map(({ node, runId }) => [node.nodeId, runId]));
  const nodes = cache.nodes.map((node) => ({ ...node, endRunId: runIds.get(node.nodeId) ?? null }));
  return { ...cache, nodes, generation: cache.generation + 1 };
}

/** Those that run; one that does not is beginning anew anyway. */
function requireLives(nodes: readonly CacheNode[], lives: CacheLives): Life[] {
  const running = nodes.flatMap((node) => lifeOf(node, lives) ?? []);
  if (running.length > 0) return running;
  throw new LarderError("ServiceUnavailable", "None of these nodes is known to run now; try again.");
}

/** The primary of a cache where another node can take over. */
function relievedLife(cache: CacheDocument, lives: CacheLives): Life {
  if (cache.nodes.length === 1)
    throw new LarderError("InvalidParameter", `'${cache.name}' has no replica that could take over.`);
  const primary = requirePrimary(cache, lives);
  if (hasSuccessor(cache, lives)) return primary;
  throw new LarderError("Conflict", `No replica of '${cache.name}' has all of the data yet; try again later.`);
}

function requirePrimary(cache: CacheDocument, lives: CacheLives): Life {
  const primary = primaryLife(cache, lives);
  if (primary !== undefined) return primary;
  throw new LarderError("ServiceUnavailable", `'${cache.name}' has no primary at the moment; try again.`);
}

/** Nothing else is done to its primary or its nodes. */
function requireCalm(cache: CacheDocument): void {
  requireIdle(cache);
  if (cache.move !== null || cache.relieve !== null)
    throw new LarderError("Conflict", `Another change of the primary of '${cache.name}' is under way.`);
  if (cache.nodes.some(({ endRunId }) => endRunId !== null))
    throw new LarderError("Conflict", `A reboot of '${cache.name}' is under way.`);
}

function requireIdle(cache: CacheDocument): void {
  if (cache.change !== null || cache.removal !== null) throw busy(cache);
}

function busy(cache: CacheDocument): LarderError {
  return new LarderError("Conflict", `'${cache.name}' is busy with a previous operation; try again when it has ended.`);
}
