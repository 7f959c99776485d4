/**
 * A transfer of a cache's data as the store keeps it (transfer-protocol.ts). It holds secrets: passwords and signed URLs.
 *
 *   waiting     another one of the cache is under way, or its node is not there yet
 *   running     an agent has it
 *   cuttingOver what it filled is taking over; from here on it cannot be cancelled
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
  status: TransferStatus;
  /** Of a migration: when the filled node takes over. "manual" waits for a word, which makes it "now". */
  cutOver: "auto" | "manual" | "now" | null;
  createdMs: number;
  endedMs: number | null;
  problem: Problem | null;
  /** The last that was heard of it; null: nothing yet. */
  progress: TransferObserved | null;
}
