/** A transfer of a cache's data as the management API shows it: `GET …/redis/{name}/transfers[/{id}]`, the newest first. It has no secrets. */
import type { KeyFilter, TransferObserved, TransferTask } from "./transfer-protocol.ts";

export interface TransferResource {
  id: string;
  kind: TransferTask["kind"];
  /** Of an import: whether its data replaces the cache's ("fill") or is added to it. */
  mode: "fill" | "merge" | null;
  /**
   * waiting      for another one, or for its node
   * running      data moves; of a migration, also changes are followed
   * cuttingOver  clients are being moved to the new data; it cannot be cancelled any more
   */
  status: "waiting" | "running" | "cuttingOver" | "succeeded" | "failed" | "cancelled";
  /** Where data comes from: URLs without signatures, addresses. */
  from: string[];
  to: string[];
  filter: KeyFilter;
  /** Of a migration. */
  cutOver: "auto" | "manual" | "now" | null;
  paused: boolean;
  /** The node that it stands on. */
  node: string | null;
  /** ISO 8601. */
  createdAt: string;
  endedAt: string | null;
  /** null: nothing was heard of it yet. */
  progress: Omit<TransferObserved, "transferId" | "error"> | null;
  error: { code: string; message: string } | null;
}
