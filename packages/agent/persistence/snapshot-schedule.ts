/**
 * When a node takes a snapshot. Pure.
 *
 * From the end of one to the beginning of the next is one interval, whichever life took it, and the first comes one interval
 * after persistence was turned on. A primary with a replica in sync leaves it to the replicas, for which it is cheaper; a
 * node without a whole copy of the cache's data takes none. One that failed is tried again soon. A snapshot that is due is
 * put off by a part of the interval that is the node's own, so that the nodes of a cache and of a host do not begin together.
 */
export interface SnapshotFacts {
  nowMs: number;
  everyMs: number;
  /** When persistence was turned on. */
  sinceMs: number;
  /** When the newest ended; null where there is none. */
  endedAtMs: number | null;
  /** When the last try failed; null where the newest try did not. */
  failedAtMs: number | null;
  /** Something has to be on disk soon: the data was removed on purpose, or append-only files give way to snapshots. */
  isUrgent: boolean;
  /** It holds all of the cache's data as it is. */
  isWhole: boolean;
  /** A replica takes them. */
  isRelieved: boolean;
  /** In [0, 1). */
  jitter: number;
}

const jitterPart = 0.05;
const jitterMaxMs = 60_000;
const againMs = 30_000;

export function isSnapshotDue(facts: SnapshotFacts): boolean {
  if (!facts.isWhole) return false;
  if (facts.failedAtMs !== null && isWithin(facts.nowMs, facts.failedAtMs, Math.min(againMs, facts.everyMs)))
    return false;
  if (facts.isUrgent) return true;
  if (facts.isRelieved) return false;
  const waitMs = facts.everyMs + facts.jitter * Math.min(jitterMaxMs, facts.everyMs * jitterPart);
  return !isWithin(facts.nowMs, facts.endedAtMs ?? facts.sinceMs, waitMs);
}

/** A moment that is still to come is one of a clock that was set back: it counts as over. */
function isWithin(nowMs: number, momentMs: number, durationMs: number): boolean {
  return nowMs >= momentMs && nowMs < momentMs + durationMs;
}
