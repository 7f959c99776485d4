/**
 * A transfer of a cache's data as the store keeps it (transfer-protocol.ts). It holds secrets: passwords and signed URLs.
 *
 *   waiting     another one of the cache is under way, or its node is not there yet
 *   running     an agent has it
 *   cuttingOver what it filled is taking over; from here on it cannot be cancelled. A migration stays so until its agent has said where
 *               the node's own stream of changes begins, from which there may be a way back
 *   succeeded, failed, cancelled   over; it stays readable for a while, without its secrets
 */
import type { CacheId, KeyFilter, NodeId, TransferId, TransferObserved, TransferTask } from "@larder/api";
import type { Problem } from "./cache-document.ts";

export type TransferStatus = "waiting" | "running" | "cuttingOver" | "succeeded" | "failed" | "cancelled";

export interface TransferDocument {
  transferId: TransferId;
  cacheId: CacheId;
  /** The long-running operation that ends with it; null: none waits for it. */
  operationId: string | null;
  task: TransferTask;
  filter: KeyFilter;
  /** Of whom it is asked; null: not decided yet. */
  nodeId: NodeId | null;
  /** How many nodes were asked before that one. */
  nodesBefore: number;
  /** How many of them were lost: a change that was planned is none. */
  lostNodes: number;
  /** How often what it filled could not take over. */
  callOffs: number;
  status: TransferStatus;
  /** Of a migration: when the filled node takes over. "manual" waits for a word, which makes it "now". */
  cutOver: "auto" | "manual" | "now" | null;
  createdMs: number;
  endedMs: number | null;
  problem: Problem | null;
  /** The last that was heard of it; null: nothing yet. */
  progress: TransferObserved | null;
}

/** Its data goes into a node of its own, which takes over at the end; of a backup that is verified it is only looked at. */
export function fills({ task }: Pick<TransferDocument, "task">): boolean {
  return task.kind === "migrate" || task.kind === "verify" || (task.kind === "import" && task.mode === "fill");
}

/** It changes what the cache holds, or needs the node that is filled: one at a time does. */
export function writes({ task }: Pick<TransferDocument, "task">): boolean {
  return task.kind === "migrate" || task.kind === "verify" || task.kind === "import";
}

/** It stands on the node that clients write to, whichever that is. */
export function followsPrimary({ task }: Pick<TransferDocument, "task">): boolean {
  return task.kind === "reverse" || (task.kind === "import" && task.mode === "merge");
}

export function isOver({ status }: Pick<TransferDocument, "status">): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/**
 * As agents know it. Each node that is asked for it has a name of its own, so that none is held responsible for what another one
 * of the same host said.
 */
export function agentsTransferId({ transferId, nodesBefore }: TransferDocument): TransferId {
  return (nodesBefore === 0 ? transferId : `${transferId}.${nodesBefore + 1}`) as TransferId;
}

/** As they were asked for. */
export function inOrder(a: TransferDocument, b: TransferDocument): number {
  return a.createdMs - b.createdMs || a.transferId.localeCompare(b.transferId);
}
