/**
 * Which node of a cache with replicas is to be the primary, and when that has to change. Pure.
 *
 * A leader leads for one life of its engine: one that was started again is empty, and must not be copied. It stays until
 * its life is known to be over, from the agent that is its parent, or until its host is silent and no follower hears
 * it any more. Its successor is whoever has the newest whole copy and the most of it: several first stop and are asked, as
 * what they reported before is old. Where writes are durable all are waited for, as one alone may have an acknowledged write. Where nobody has one, and nobody can who is not heard of, the cache goes on with the newest
 * that is kept on disk (restored-data.ts); without persistence the data is lost and it begins anew, empty.
 */
import type { Leader } from "@larder/api";
import type { CacheDocument } from "../../documents/cache-document.ts";
import { isPersistent } from "../../documents/persistence.ts";
import type { CacheSeen, ObservedNode } from "./observed.ts";
import { newestKept, restoredText } from "./restored-data.ts";
import { firstReportsMs, isReplicated, isRunning, type Replicated } from "./serving.ts";

export interface LeaderPlan {
  /** The record to put in place of the present one; undefined: that is right, or nothing can be decided yet. */
  leader: Leader | undefined;
  /** Why nobody leads any more; "" where nobody did before. */
  cause: string;
  /** When to look again if nothing happens before; null: never. */
  lookAgainAtMs: number | null;
}

/** How long those that hold a copy may take to say how much they have; who has not by then is passed over. */
const countingMs = 500;
const noChange: LeaderPlan = { leader: undefined, cause: "", lookAgainAtMs: null };

export function planLeader(cache: CacheDocument, observed: CacheSeen, nowMs: number): LeaderPlan {
  if (!isReplicated(cache)) return noChange;
  const { leader } = cache;
  const running = observed.nodes.flatMap(({ seen }) => (isRunning(seen) ? [seen] : []));
  if (leader === null) return { ...noChange, leader: successor(0, firstLeader(cache, running)) };
  const hasEnded = isKnownToHaveEnded(leader, observed);
  if (leader.endedAtMs === null && !hasEnded && !isLost(leader, observed)) return noChange;
  const heardByMs = observed.sinceMs + firstReportsMs;
  const mayBeHeardYet = nowMs < heardByMs && observed.nodes.some(({ agentReporting }) => !agentReporting);
  if (mayBeHeardYet) return { ...noChange, lookAgainAtMs: heardByMs };
  const isDurable = cache.settings.durableWrites;
  // An acknowledged write may be with that one alone.
  if (isDurable && observed.nodes.some((node) => node.nodeId !== leader.nodeId && !node.agentReporting))
    return noChange;
  const cause = hasEnded ? "the primary's process ended" : "the primary's host is silent";
  // One that is only silent may hold what nobody else has, unless somebody copied all of it.
  // And what is kept on a disk may be newer than a copy of what an earlier one led.
  const isAnyCopyGood = hasEnded && !isPersistent(cache.settings);
  const copies = running.filter(({ replication: { copiedEpoch } }) =>
    isAnyCopyGood ? copiedEpoch > 0 : copiedEpoch >= leader.firstEpoch,
  );
  // An agent that was started anew has to find its engine again, which may have a copy.
  const isComing = observed.nodes.some(({ nodeId, seen }) => nodeId !== leader.nodeId && seen?.state === "starting");
  const election = { nowMs, isComing, areAllAwaited: isDurable };
  // A copy that was complete only just before the end has not been reported as one: where it may alone have an acknowledged
  // write, all are asked.
  const candidates = isDurable ? running.filter(({ nodeId }) => nodeId !== leader.nodeId) : copies;
  if (copies.length > 0 && (candidates.length > 1 || isComing))
    return { ...planElection(leader, candidates, election), cause };
  if (copies.length === 1) return { ...noChange, leader: successor(leader.epoch, copies[0]), cause };
  if (isPersistent(cache.settings)) return planRestoring(cache, leader, observed, { nowMs, cause });
  if (running.length === 0 || !observed.nodes.every(cannotHoldData)) return noChange;
  // Nor where nobody is known to have one.
  return { ...planElection(leader, running, election), cause: `${cause}, and no copy of its data was left` };
}

/** A node that has served alone has the data, and those that were added have none. */
function firstLeader(cache: CacheDocument, running: readonly Replicated[]): Replicated | undefined {
  const served = cache.route.node;
  return served === null ? running[0] : running.find(({ nodeId }) => nodeId === served.nodeId);
}

/** Reports are from before: all stop first, and then say how much they have. Who does not is passed over, or waited for. */
function planElection(
  leader: Leader,
  copies: readonly Replicated[],
  { nowMs, isComing, areAllAwaited }: { nowMs: number; isComing: boolean; areAllAwaited: boolean },
): LeaderPlan {
  if (leader.endedAtMs === null) return { ...noChange, leader: { ...leader, endedAtMs: nowMs } };
  const counted = copies.filter(({ replication: { role, epoch } }) => role === "detached" && epoch === leader.epoch);
  const haveAllSpoken = counted.length === copies.length && !isComing;
  const isOver = haveAllSpoken || (!areAllAwaited && nowMs >= leader.endedAtMs + countingMs);
  if (!isOver || counted.length === 0) return { ...noChange, lookAgainAtMs: leader.endedAtMs + countingMs };
  return { ...noChange, leader: successor(leader.epoch, newest(counted)) };
}

/** Only once all hosts are heard of: one that is silent may have what is newest. */
function planRestoring(
  cache: CacheDocument,
  leader: Leader,
  observed: CacheSeen,
  { nowMs, cause }: { nowMs: number; cause: string },
): LeaderPlan {
  if (!observed.nodes.every(({ agentReporting }) => agentReporting)) return noChange;
  if (leader.endedAtMs === null) return { ...noChange, leader: { ...leader, endedAtMs: nowMs }, cause };
  const best = newestKept(cache, observed);
  return { ...noChange, leader: successor(leader.epoch, best), cause: `${cause}, and ${describeRestored(best)}` };
}

function describeRestored(best: Replicated | undefined): string {
  if (best === undefined || best.replication.copiedEpoch > 0) return "the newest copy that was left took its place";
  if (best.restored === null) return "no copy of its data was left, nor anything on disk";
  return `its data comes from ${restoredText(best.restored)}`;
}

function isKnownToHaveEnded({ nodeId, runId }: Leader, { nodes }: CacheSeen): boolean {
  const seen = nodes.find((node) => node.nodeId === nodeId)?.seen;
  if (seen == null) return false;
  return seen.endedRunId === runId || (seen.runId !== null && seen.runId !== runId);
}

/** Nothing is heard of it, and those who follow it have lost it, too. */
function isLost(leader: Leader, { nodes }: CacheSeen): boolean {
  if (nodes.some(({ nodeId, seen }) => nodeId === leader.nodeId && seen !== null)) return false;
  const others = nodes.filter(({ nodeId }) => nodeId !== leader.nodeId);
  return others.every(
    ({ agentReporting, seen: follower }) => agentReporting && follower?.replication?.hearsLeader !== true,
  );
}

/** Whoever is not heard of, or may still be coming up, may hold a copy. */
function cannotHoldData({ agentReporting, seen }: ObservedNode): boolean {
  if (!agentReporting) return false;
  return seen === null || seen.state === "failed" || (isRunning(seen) && seen.replication.copiedEpoch === 0);
}

/** Of the newest leader's data, and of that the most. */
function newest(copies: readonly Replicated[]): Replicated | undefined {
  return [...copies].sort(
    ({ replication: one }, { replication: other }) => other.copiedEpoch - one.copiedEpoch || other.offset - one.offset,
  )[0];
}

function successor(epoch: number, node: Replicated | undefined): Leader | undefined {
  if (node === undefined) return undefined;
  const { nodeId, runId, replication } = node;
  return { epoch: epoch + 1, firstEpoch: epoch + 1, nodeId, runId, endedAtMs: null, address: replication.address };
}
