/**
 * The next step of a planned change of the primary that is under way (CacheMove). Pure.
 *
 *   prepare   until every gateway is connected to the target and that has all data       → hold
 *   hold      until nothing is in flight any more                                        → hand over
 *   any       something that it stands on is gone, or it takes too long                  → call off
 *
 * The target is a replica, or the node that a transfer fills: that one has all data when the transfer has nothing left to do, or
 * nearly. Its own data becomes the cache's.
 *
 * Clients wait from hold to hand-over. Handing over is done by orders, not by documents (hand-over.ts): the present primary
 * yields, the target catches up and leads. Only the transaction after that is the decision: before it the target may already be
 * a primary, with data that nobody has written to, and calling off makes it a replica again. So whoever does not know how
 * far a hand-over came, as a controller that has just started, calls it off.
 */
import type { Leader } from "@larder/api";
import type { CacheDocument, CacheMove } from "../../documents/cache-document.ts";
import { holdMs } from "../../documents/derive.ts";
import type { TransferDocument } from "../../documents/transfer-document.ts";
import type { CacheSeen, ObservedNode } from "./observed.ts";
import { isReadyToLead } from "./plan-transfers.ts";
import { firstReportsMs, isRunning, type Replicated, routeNodeOf, servingPrimary } from "./serving.ts";

/** An order's addressee: a node in one life. */
export interface Life {
  hostId: string;
  nodeId: Leader["nodeId"];
  runId: string;
}

export type MoveAction =
  | { type: "holdMove" }
  /** `transfer`: what filled the target; null for a replica. */
  | { type: "handOver"; from: Life; to: Life; leader: Leader; transfer: TransferDocument | null }
  | { type: "callOff"; reason: string };

export interface MovePlan {
  action: MoveAction | undefined;
  lookAgainAtMs: number | null;
}

const phaseLimitMs = { prepare: 30_000, hold: holdMs - 500 } as const;

export function planMove(cache: CacheDocument, move: CacheMove, observed: CacheSeen, nowMs: number): MovePlan {
  const from = servingPrimary(cache, observed);
  const to = targetOf(move, observed)?.seen ?? null;
  const reason = whyNot(move, observed, nowMs);
  if (reason !== undefined) return { action: { type: "callOff", reason }, lookAgainAtMs: null };
  const goesOn = from !== undefined && isRunning(to) && hasAllData(from, to, observed);
  const wanted = move.phase === "prepare" ? "prepared" : "drained";
  const haveAll = observed.gateways.every((gateway) => gateway.move === wanted);
  if (nowMs < observed.sinceMs + firstReportsMs)
    return { action: undefined, lookAgainAtMs: observed.sinceMs + firstReportsMs };
  if (!goesOn || !haveAll) return { action: undefined, lookAgainAtMs: move.phaseMs + phaseLimitMs[move.phase] };
  if (move.phase === "prepare") return { action: { type: "holdMove" }, lookAgainAtMs: null };
  return { action: handOver(cache, observed, from, to), lookAgainAtMs: null };
}

function targetOf({ target }: CacheMove, observed: CacheSeen): ObservedNode | undefined {
  return withIntake(observed).find(({ nodeId }) => nodeId === target.nodeId);
}

function withIntake({ nodes, intake }: CacheSeen): ObservedNode[] {
  return intake === null ? nodes : [...nodes, intake];
}

function hasAllData(from: Replicated, to: Replicated, { intake, transfers }: CacheSeen): boolean {
  if (intake?.nodeId !== to.nodeId) return to.replication.inSync && isFed(from, to);
  return transfers.some((transfer) => transfer.document.nodeId === to.nodeId && isReadyToLead(transfer, intake));
}

/** A primary sends nothing to a replica with a new copy before that has said so, which it does within a second. */
function isFed(from: Replicated, { replication: { address } }: Replicated): boolean {
  const name = `${address.host}:${address.port}`;
  return from.replication.replicas.some((replica) => replica.address === name && replica.state === "online");
}

function whyNot(move: CacheMove, observed: CacheSeen, nowMs: number): string | undefined {
  if (nowMs >= move.phaseMs + phaseLimitMs[move.phase])
    return move.phase === "prepare"
      ? "A gateway or the node that was to take over was not ready in time."
      : "Commands that were under way did not end in time.";
  const target = targetOf(move, observed);
  const node = target?.seen?.state === "running" ? routeNodeOf(target.seen) : move.target;
  if (target === undefined || JSON.stringify(node) !== JSON.stringify(move.target))
    return "The node that was to take over is another.";
  if (move.phase === "prepare") return undefined;
  if (move.phaseMs <= observed.sinceMs) return "The controller was started anew meanwhile.";
  if (observed.gateways.some((gateway) => gateway.move === "expired"))
    return "A gateway did not hold clients any longer.";
  return undefined;
}

function handOver(cache: CacheDocument, observed: CacheSeen, from: Replicated, to: Replicated): MoveAction | undefined {
  const { leader } = cache;
  if (leader === null) return undefined;
  const lifeOf = ({ nodeId, runId }: Replicated): Life => {
    const hostId = withIntake(observed).find((one) => one.nodeId === nodeId)?.hostId ?? "";
    return { hostId, nodeId, runId };
  };
  const epoch = leader.epoch + 1;
  const { nodeId, runId, replication } = to;
  const next: Leader = { epoch, firstEpoch: epoch, nodeId, runId, endedAtMs: null, address: replication.address };
  const filling = observed.transfers.find(({ document }) => document.nodeId === observed.intake?.nodeId)?.document;
  const transfer = observed.intake?.nodeId === nodeId ? (filling ?? null) : null;
  return { type: "handOver", from: lifeOf(from), to: lifeOf(to), leader: next, transfer };
}
