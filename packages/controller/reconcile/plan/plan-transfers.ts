/**
 * What becomes of the transfers of a cache's data that are under way, and of the node that one of them fills. Pure. Looked at
 * while no move is under way.
 *
 *   waiting       one that only reads begins at once, on a replica with a whole copy or else the primary; of those that
 *                 write the first one begins: a merge on the primary, a fill once its intake node runs
 *   running       it ends as its agent says. One that does not fill goes to another node when its own is lost. A filled node
 *                 takes over by a move, when nothing is left to do or, of a migration, when its owner says so. One that was
 *                 filled to verify a backup is dropped
 *   cuttingOver   without a move it was called off, and goes on; a migration whose node leads ends with its agent's last word
 *
 * Until the hand-over the cache is as it was: whatever goes wrong, the intake node is dropped and nothing else is touched.
 * Other changes of the cache's nodes go on beside a fill; both need the cache's only move, and take it in turns.
 */
import { type EngineVersion, engineLostCode, type NodeId, type RouteNode } from "@larder/api";
import type { CacheDocument, CacheIntake, CacheNode, Problem } from "../../documents/cache-document.ts";
import { limitsOf } from "../../documents/derive.ts";
import { fills, followsPrimary, type TransferDocument, writes } from "../../documents/transfer-document.ts";
import { callOffsMax, type TransferEnd } from "../../transfers/transfer-steps.ts";
import type { CacheObserved, CacheSeen, ObservedNode, ObservedTransfer } from "./observed.ts";
import { firstReportsMs, isReplicated, isRunning, routeNodeOf, servingPrimary } from "./serving.ts";

export type TransferAction =
  | { type: "addIntake"; transfer: TransferDocument; hostId: string; memoryBytes: number; engine: EngineVersion | null }
  | { type: "dropIntake" }
  | { type: "startTransfer"; transfer: TransferDocument; nodeId: NodeId }
  | { type: "relocateTransfer"; transfer: TransferDocument; isLost: boolean }
  | { type: "cutOver"; transfer: TransferDocument; target: RouteNode; cause: CacheIntake["cause"] }
  | { type: "transferGoesOn"; transfer: TransferDocument }
  | { type: "endTransfer"; transfer: TransferDocument; status: TransferEnd; problem: Problem | null };

export interface TransfersPlan {
  action: TransferAction | undefined;
  lookAgainAtMs: number | null;
}

/** What this side says where its agents cannot say anything. */
const nodeLostCode = "NodeLost";
/** How many nodes are tried. */
const nodesTriedMax = 5;
/** How long a host may be silent before its part in a transfer is given up. Engines and their data outlive an agent that is started anew. */
const silentMs = { read: 10_000, fill: 60_000 } as const;
/** How long the engine of an intake node may fail to start. */
const startTriesMs = 10_000;
/** How long room for an intake node is waited for: a host may only be away for a moment. */
const roomWaitMs = 30_000;
/** How long a transfer waits for a node that serves to begin with, while nodes of the cache are silent or do not run. */
const noPrimaryMs = 10 * 60_000;
/** A migration that is no further behind takes over: it catches up within the hold. */
const lagBytesMax = 1024 * 1024;

export function planTransfers(cache: CacheDocument, observed: CacheObserved, nowMs: number): TransfersPlan {
  const stray = cache.intake !== null && !observed.transfers.some(({ document }) => ownsIntake(cache, document));
  if (stray) return { action: { type: "dropIntake" }, lookAgainAtMs: null };
  const at = new Underway(cache, observed, nowMs);
  for (const transfer of observed.transfers) {
    const action = at.next(transfer);
    if (action !== undefined) return { action, lookAgainAtMs: null };
  }
  return { action: undefined, lookAgainAtMs: at.lookAgainAtMs };
}

/** Of a cache that is to go. */
export function planTransfersEnd({ transfers }: CacheSeen): TransferAction | undefined {
  const transfer = transfers[0]?.document;
  const problem = { code: "TransferCancelled", message: "The cache is being deleted." };
  return transfer && { type: "endTransfer", transfer, status: "cancelled", problem };
}

/** What is left of the first copy, and of the stream of changes after it. Asked before the hold and in it. */
export function isReadyToLead({ document, seen }: ObservedTransfer, intake: ObservedNode | null): boolean {
  // A life that began since is empty.
  if (seen === null || intake?.seen == null || seen.runId !== intake.seen.runId) return false;
  if (document.task.kind === "import") return seen.state === "done";
  return seen.state === "following" && seen.lagBytes !== null && seen.lagBytes <= lagBytesMax;
}

function ownsIntake({ intake }: CacheDocument, { transferId }: TransferDocument): boolean {
  return intake?.transferId === transferId;
}

/** The transfers of one cache as they are now. */
class Underway {
  lookAgainAtMs: number | null = null;
  readonly #cache: CacheDocument;
  readonly #observed: CacheObserved;
  readonly #nowMs: number;

  constructor(cache: CacheDocument, observed: CacheObserved, nowMs: number) {
    this.#cache = cache;
    this.#observed = observed;
    this.#nowMs = nowMs;
  }

  next(transfer: ObservedTransfer): TransferAction | undefined {
    const { document } = transfer;
    if (document.status === "cuttingOver") return this.#takenOver(transfer);
    if (document.status === "waiting") return this.#begun(document);
    return fills(document) ? this.#filled(transfer) : this.#carriedOut(transfer);
  }

  #takenOver({ document, seen }: ObservedTransfer): TransferAction | undefined {
    if (ownsIntake(this.#cache, document)) return { type: "transferGoesOn", transfer: document };
    const end: TransferAction = { type: "endTransfer", transfer: document, status: "succeeded", problem: null };
    const node = this.#observed.nodes.find(({ nodeId }) => nodeId === document.nodeId);
    // What was copied key by key has no place in a stream.
    const isLastWord = seen?.place != null || seen?.state === "done" || seen?.state === "failed";
    if (isLastWord || node?.nodeId !== this.#leaderId) return end;
    return node?.silentSinceMs == null
      ? undefined
      : this.#unlessBefore(this.#silentUntil(node, silentMs.read), () => end);
  }

  #begun(document: TransferDocument): TransferAction | undefined {
    if (document.lostNodes >= nodesTriedMax)
      return failed(document, nodeLostCode, `It was begun on ${nodesTriedMax} nodes, and each was lost.`);
    if (writes(document) && this.#firstWriter !== document) return undefined;
    if (fills(document)) return this.#intakeReady(document);
    const node = followsPrimary(document) ? this.#primary() : (this.#wholeReplica() ?? this.#primary());
    return node ? { type: "startTransfer", transfer: document, nodeId: node.nodeId } : this.#noPrimary(document);
  }

  get #firstWriter(): TransferDocument | undefined {
    return this.#observed.transfers.find(({ document }) => writes(document))?.document;
  }

  #intakeReady(document: TransferDocument): TransferAction | undefined {
    if (!ownsIntake(this.#cache, document)) return this.#intakeAdded(document);
    const lost = this.#intakeLost(document);
    if (lost !== undefined) return lost;
    const seen = this.#observed.intake?.seen ?? null;
    return isRunning(seen) ? { type: "startTransfer", transfer: document, nodeId: seen.nodeId } : undefined;
  }

  #intakeAdded(document: TransferDocument): TransferAction | undefined {
    if (this.#primary() === undefined) return this.#noPrimary(document);
    const { place, engine } = this.#observed.around;
    const { memoryBytes } = limitsOf(this.#cache);
    const leading = this.#cache.nodes.find(({ nodeId }) => nodeId === this.#leaderId);
    if ("hostId" in place)
      return {
        type: "addIntake",
        transfer: document,
        hostId: place.hostId,
        memoryBytes,
        engine: leading?.engine ?? engine,
      };
    return this.#unlessBefore(Math.max(document.createdMs, this.#observed.sinceMs) + roomWaitMs, () =>
      failed(document, place.problem.code, place.problem.message),
    );
  }

  /** Nobody knows when one will serve again. */
  #noPrimary(document: TransferDocument): TransferAction | undefined {
    const since = this.#observed.nodes.flatMap((node) => node.silentSinceMs ?? node.failingSinceMs ?? []);
    if (since.length === 0) return undefined;
    const sinceMs = Math.max(document.createdMs, this.#observed.sinceMs, ...since);
    const text = `The cache has had no node that serves for ${noPrimaryMs / 60_000} minutes.`;
    return this.#unlessBefore(sinceMs + noPrimaryMs, () => failed(document, nodeLostCode, text));
  }

  /** The node that is filled cannot be any more. An engine that was started again is filled again by its agent. */
  #intakeLost(document: TransferDocument): TransferAction | undefined {
    const node = this.#observed.intake;
    if (node === null) return failed(document, nodeLostCode, "The node that was being filled is gone.");
    if (node.silentSinceMs !== null)
      return this.#unlessBefore(this.#silentUntil(node, silentMs.fill), () =>
        failed(document, nodeLostCode, "The host of the node that was being filled is silent."),
      );
    if (node.failingSinceMs === null || node.seen?.state === "running") return undefined;
    const { code, message } = node.seen?.error ?? { code: nodeLostCode, message: "Its engine does not start." };
    return this.#unlessBefore(node.failingSinceMs + startTriesMs, () => failed(document, code, message));
  }

  #filled(transfer: ObservedTransfer): TransferAction | undefined {
    const { document, seen } = transfer;
    const lost = this.#intakeLost(document);
    if (lost !== undefined) return lost;
    if (seen?.state === "failed") return failed(document, ...reasonOf(transfer));
    if (document.task.kind === "verify") return seen?.state === "done" ? succeeded(document) : undefined;
    if (document.callOffs >= callOffsMax)
      return failed(document, "CutOverCalledOff", "The new node could not take over. The cache's history says why.");
    if (
      !isReadyToLead(transfer, this.#observed.intake) ||
      (document.task.kind === "migrate" && document.cutOver === "manual")
    )
      return undefined;
    return this.#cutOver(document);
  }

  #cutOver(document: TransferDocument): TransferAction | undefined {
    const { moveTrouble } = this.#cache;
    const seen = this.#observed.intake?.seen ?? null;
    const target = isRunning(seen) ? routeNodeOf(seen) : undefined;
    if (target === undefined || servingPrimary(this.#cache, this.#observed) === undefined) return undefined;
    const cause = this.#cache.intake?.cause ?? "import";
    return this.#unlessBefore(moveTrouble?.notBeforeMs ?? 0, () => ({
      type: "cutOver",
      transfer: document,
      target,
      cause,
    }));
  }

  /** Where it stands on a node of the cache. */
  #carriedOut(transfer: ObservedTransfer): TransferAction | undefined {
    const { document, seen } = transfer;
    const node = this.#observed.nodes.find(({ nodeId }) => nodeId === document.nodeId);
    const relocate: TransferAction = { type: "relocateTransfer", transfer: document, isLost: true };
    if (node === undefined || (followsPrimary(document) && this.#hasOtherPrimary(node)))
      return { ...relocate, isLost: false };
    if (node.silentSinceMs !== null) return this.#unlessBefore(this.#silentUntil(node, silentMs.read), () => relocate);
    if (seen?.state === "done") return succeeded(document);
    if (seen?.state !== "failed") return undefined;
    return seen.error?.code === engineLostCode ? relocate : failed(document, ...reasonOf(transfer));
  }

  #hasOtherPrimary({ nodeId }: ObservedNode): boolean {
    const primary = this.#primary();
    return primary !== undefined && primary.nodeId !== nodeId;
  }

  #silentUntil({ silentSinceMs }: ObservedNode, limitMs: number): number {
    return Math.max((silentSinceMs ?? 0) + limitMs, this.#observed.sinceMs + firstReportsMs);
  }

  #primary(): CacheNode | undefined {
    const id = isReplicated(this.#cache)
      ? servingPrimary(this.#cache, this.#observed)?.nodeId
      : this.#observed.nodes.find(({ seen }) => seen?.state === "running")?.nodeId;
    return this.#cache.nodes.find(({ nodeId }) => nodeId === id);
  }

  #wholeReplica(): CacheNode | undefined {
    return this.#cache.nodes.find(({ nodeId }) => {
      const seen = this.#observed.nodes.find((node) => node.nodeId === nodeId)?.seen ?? null;
      return isRunning(seen) && seen.replication.inSync && seen.replication.hearsLeader;
    });
  }

  get #leaderId(): NodeId | undefined {
    return this.#cache.leader?.nodeId ?? this.#cache.nodes[0]?.nodeId;
  }

  #unlessBefore(atMs: number, act: () => TransferAction): TransferAction | undefined {
    if (this.#nowMs >= atMs) return act();
    this.lookAgainAtMs = Math.min(atMs, this.lookAgainAtMs ?? atMs);
    return undefined;
  }
}

function succeeded(transfer: TransferDocument): TransferAction {
  return { type: "endTransfer", transfer, status: "succeeded", problem: null };
}

function failed(transfer: TransferDocument, code: string, message: string): TransferAction {
  return { type: "endTransfer", transfer, status: "failed", problem: { code, message } };
}

function reasonOf({ seen }: ObservedTransfer): [code: string, message: string] {
  return [seen?.error?.code ?? "TransferFailed", seen?.error?.message ?? "Its agent does not say why."];
}
