/**
 * Which node has the newest data of a persistent cache whose leader is over, where nobody holds a copy of what that led: in
 * memory an older copy, or what its life began with. Pure.
 *
 * Nobody is chosen before every node has been heard of, has stopped, and has looked for anything newer on its disk and in
 * storage: an older dataset never takes the place of a newer one, however long that one takes to come. One that fails is waited for
 * only where it may have something newer.
 */
import type { RestoredData } from "@larder/api";
import type { CacheDocument } from "../../documents/cache-document.ts";
import { derivePersistence } from "../../documents/persistence.ts";
import type { CacheSeen, ObservedNode } from "./observed.ts";
import { isRunning, type Replicated } from "./serving.ts";

type Position = Pick<RestoredData, "epoch" | "offset" | "savedAtMs">;

/** undefined: not known yet. */
export function newestKept(cache: CacheDocument, { nodes }: CacheSeen): Replicated | undefined {
  const { leader } = cache;
  if (leader === null || leader.endedAtMs === null) return undefined;
  const running = nodes.flatMap(({ seen }) => (isRunning(seen) ? [seen] : []));
  const [best] = [...running].sort((a, b) => byNewest(positionOf(a), positionOf(b)));
  if (best === undefined) return undefined;
  const takesCopy = derivePersistence(cache)?.takesCopy === true;
  const isKnown = nodes.every((node) =>
    isWithout(node, { leaderEpoch: leader.epoch, best: positionOf(best), takesCopy }),
  );
  return isKnown ? best : undefined;
}

/** Whether a node has nothing newer than the best. */
function isWithout(
  { agentReporting, seen }: ObservedNode,
  { leaderEpoch, best, takesCopy }: { leaderEpoch: number; best: Position; takesCopy: boolean },
): boolean {
  if (!agentReporting) return false;
  if (seen === null) return true;
  const hasLooked = seen.persistence?.hasLooked === true;
  if (isRunning(seen)) {
    const { role, epoch } = seen.replication;
    return role === "detached" && epoch === leaderEpoch && hasLooked;
  }
  if (seen.state !== "failed") return false;
  return (hasLooked || !takesCopy) && byNewest(best, seen.restored ?? nothing) <= 0;
}

/** "a snapshot of 2026-11-22T09:00:00.000Z". */
export function restoredText({ from, savedAtMs }: RestoredData): string {
  const what = { snapshot: "a snapshot", aof: "append-only files", copy: "a copy in storage" }[from];
  return `${what} of ${new Date(savedAtMs).toISOString()}`;
}

const nothing: Position = { epoch: -1, offset: 0, savedAtMs: 0 };

function positionOf({ replication, restored }: Replicated): Position {
  const { copiedEpoch, offset } = replication;
  if (copiedEpoch > 0) return { epoch: copiedEpoch, offset, savedAtMs: Number.POSITIVE_INFINITY };
  return restored ?? nothing;
}

function byNewest(a: Position, b: Position): number {
  return b.epoch - a.epoch || b.offset - a.offset || (b.savedAtMs === a.savedAtMs ? 0 : b.savedAtMs - a.savedAtMs);
}
