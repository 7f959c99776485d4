/** What persistence needs to know of a running engine, from INFO replication and INFO persistence. Pure. */
import type { ReplicationObserved } from "@larder/api";
import type { KeptPosition } from "./kept-position.ts";

export type Info = ReadonlyMap<string, string>;
export const factsSections = ["replication", "persistence"] as const;

/** Whether it holds all of the cache's data as it is now. */
export function isWhole(seen: ReplicationObserved | null): boolean {
  if (seen === null || seen.role === "primary") return true;
  return seen.role === "replica" && seen.inSync && seen.copiedEpoch === seen.epoch;
}

/** Whether replicas take its snapshots. */
export function isRelieved(seen: ReplicationObserved | null): boolean {
  return seen?.role === "primary" && seen.replicas.some(({ state }) => state === "online");
}

/** What a node alone has written is told by the time. */
export function positionOf(seen: ReplicationObserved | null, info: Info): Pick<KeptPosition, "epoch" | "offset"> {
  const epoch = seen?.copiedEpoch ?? 0;
  return { epoch, offset: epoch === 0 ? 0 : Number(info.get("master_repl_offset")) };
}

/**
 * Whether a file that was begun at the position, and is there now, can be what was held then. A replica that copied anew meanwhile has
 * put what it received in its place.
 */
export function isStillOf(position: Pick<KeptPosition, "epoch">, seen: ReplicationObserved | null): boolean {
  return isWhole(seen) && (seen?.copiedEpoch ?? 0) === position.epoch;
}

export function hasAofOn(info: Info): boolean {
  return info.get("aof_enabled") === "1";
}

/** Also while the first rewrite after it was turned on is under way, before which nothing of it counts. */
export function isRewriting(info: Info): boolean {
  return info.get("aof_rewrite_in_progress") === "1" || info.get("aof_rewrite_scheduled") === "1";
}

export function isSaving(info: Info): boolean {
  return info.get("rdb_bgsave_in_progress") === "1";
}

/** "123:C 22 Nov 2026 00:31:09.173 # Write error saving DB on disk: No space left on device": from the engine's log. */
export function reasonIn(logTail: string, fallback: string): string {
  const lines = logTail.split("\n").filter((line) => line.includes(" # "));
  const last = lines.findLast((line) => /error|fail|can't/i.test(line) && !/Background saving error/.test(line));
  return last?.slice(last.indexOf(" # ") + 3) ?? fallback;
}
