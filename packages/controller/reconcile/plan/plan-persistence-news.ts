/**
 * What a cache's history is still to say of its persistence: a file that could not be read, what fails, and that it works
 * again. Pure.
 *
 * Agents report what is so; the document has what was told, so that each is told once, whoever dies meanwhile. An agent that
 * was started anew knows of no problem yet: something works again once there is a newer success than before it failed.
 */
import type { NodeId, NodeObserved, PersistenceObserved, PersistenceSpec } from "@larder/api";
import type { CacheDocument, FailingKept, PersistenceTold } from "../../documents/cache-document.ts";
import { derivePersistence } from "../../documents/persistence.ts";
import type { CacheSeen } from "./observed.ts";
import { restoredText } from "./restored-data.ts";

export interface PersistenceNews {
  type: "tellPersistence";
  told: PersistenceTold;
  cause: string;
  text: string;
  durationMs: number | null;
}

type Keeping = NodeObserved & { persistence: PersistenceObserved };

/** One kind of failure, by its code: how it is known that it is over, and whether it is still of interest. */
interface Part {
  again: string;
  /** undefined: it does not tell by a moment. */
  succeededAtMs?: (kept: PersistenceObserved) => number | null;
  works?: (kept: PersistenceObserved) => boolean;
  isWanted: (wanted: PersistenceSpec) => boolean;
}

const parts: Record<string, Part> = {
  SnapshotFailed: {
    again: "Snapshots are taken again",
    succeededAtMs: ({ lastSnapshot }) => lastSnapshot?.endedAtMs ?? null,
    isWanted: ({ snapshotEveryMs }) => snapshotEveryMs !== null,
  },
  AppendOnlyFailed: {
    again: "The append-only files are written again",
    works: ({ hasAof }) => hasAof,
    isWanted: ({ hasAof }) => hasAof,
  },
  CopyFailed: {
    again: "Snapshots are copied again",
    succeededAtMs: ({ copiedAtMs }) => copiedAtMs,
    isWanted: ({ copyTo }) => copyTo !== null,
  },
  RestoreFailed: {
    again: "The copies in storage can be read again",
    works: ({ hasLooked }) => hasLooked,
    isWanted: ({ takesCopy }) => takesCopy,
  },
};

export function planPersistenceNews(
  cache: CacheDocument,
  { nodes }: CacheSeen,
  nowMs: number,
): PersistenceNews | undefined {
  const wanted = derivePersistence(cache);
  if (wanted === null) return undefined;
  const seen = nodes.flatMap(({ seen: node }) => (isKeeping(node) ? [node] : []));
  const told = stillTrue(cache, seen, wanted);
  for (const node of seen) {
    const news = unreadableOf(node, told) ?? failureOf(node, told, { wanted, nowMs }) ?? recoveryOf(node, told, nowMs);
    if (news !== undefined) return { type: "tellPersistence", durationMs: null, ...news };
  }
  return undefined;
}

type News = Pick<PersistenceNews, "told" | "cause" | "text"> & { durationMs?: number };

/** Once it is known with what the node goes on instead. */
function unreadableOf({ nodeId, state, restored, persistence }: Keeping, told: PersistenceTold): News | undefined {
  if (state === "starting") return undefined;
  const oldest = persistence.setAside.findLast(({ name }) => !told.unreadable.includes(unreadableId(nodeId, name)));
  if (oldest === undefined) return undefined;
  const then = restored === null ? "nothing of its own" : restoredText(restored);
  return {
    told: { ...told, unreadable: [...told.unreadable, unreadableId(nodeId, oldest.name)] },
    cause: oldest.reason,
    text: `${nodeId} could not read ${oldest.name}, has put it aside and goes on with ${then}`,
  };
}

function failureOf(
  { nodeId, persistence }: Keeping,
  told: PersistenceTold,
  { wanted, nowMs }: { wanted: PersistenceSpec; nowMs: number },
): News | undefined {
  const { problem } = persistence;
  if (problem === null || problem.code === failingOf(told, nodeId)?.code || !isWanted(problem.code, wanted))
    return undefined;
  const succeededAtMs = parts[problem.code]?.succeededAtMs?.(persistence) ?? null;
  const failing = { nodeId, code: problem.code, sinceMs: nowMs, succeededAtMs };
  return {
    told: { ...told, failing: [...otherFailing(told, nodeId), failing] },
    cause: problem.code,
    text: `${nodeId}: ${problem.message}`,
  };
}

function recoveryOf({ nodeId, persistence }: Keeping, told: PersistenceTold, nowMs: number): News | undefined {
  const known = failingOf(told, nodeId);
  if (known === undefined || persistence.problem !== null || !worksAgain(known, persistence)) return undefined;
  return {
    told: { ...told, failing: otherFailing(told, nodeId) },
    cause: `${known.code} is over`,
    text: `${nodeId}: ${parts[known.code]?.again ?? "It works again"}`,
    durationMs: nowMs - known.sinceMs,
  };
}

function worksAgain({ code, succeededAtMs }: FailingKept, persistence: PersistenceObserved): boolean {
  const part = parts[code];
  if (part?.succeededAtMs !== undefined) return part.succeededAtMs(persistence) !== succeededAtMs;
  return part?.works?.(persistence) ?? true;
}

/** Without what is over for another reason: its node is gone, its file was removed, or nobody wants it kept so any more. */
function stillTrue(cache: CacheDocument, seen: readonly Keeping[], wanted: PersistenceSpec): PersistenceTold {
  const { unreadable, failing } = cache.persistenceTold ?? { unreadable: [], failing: [] };
  const silent = cache.nodes.filter(({ nodeId }) => !seen.some((node) => node.nodeId === nodeId));
  const present = new Set(
    seen.flatMap(({ nodeId, persistence }) => persistence.setAside.map(({ name }) => unreadableId(nodeId, name))),
  );
  return {
    unreadable: unreadable.filter(
      (id) => present.has(id) || silent.some(({ nodeId }) => id.startsWith(unreadableId(nodeId, ""))),
    ),
    failing: failing.filter(
      ({ nodeId, code }) => isWanted(code, wanted) && cache.nodes.some((node) => node.nodeId === nodeId),
    ),
  };
}

/** A failure of what is turned off by now is none. */
function isWanted(code: string, wanted: PersistenceSpec): boolean {
  return parts[code]?.isWanted(wanted) ?? true;
}

function failingOf({ failing }: PersistenceTold, nodeId: NodeId): FailingKept | undefined {
  return failing.find((one) => one.nodeId === nodeId);
}

function otherFailing({ failing }: PersistenceTold, nodeId: NodeId): FailingKept[] {
  return failing.filter((one) => one.nodeId !== nodeId);
}

function unreadableId(nodeId: NodeId, name: string): string {
  return `${nodeId}/${name}`;
}

function isKeeping(seen: NodeObserved | null): seen is Keeping {
  return seen?.persistence != null;
}
