/** A long-running operation as the store keeps it: how a change that was asked for ended, readable for a day after. */
import type { OperationStatus, TransferTask } from "@larder/api";
import type { ChangeKind, Problem } from "./cache-document.ts";

export interface OperationDocument {
  operationId: string;
  kind: ChangeKind | "deleteGroup" | "flush" | TransferTask["kind"];
  subscription: string;
  location: string;
  startMs: number;
  endMs: number | null;
  error: Problem | null;
}

export function operationOutcome(operation: OperationDocument): OperationStatus["status"] {
  if (operation.endMs === null) return "InProgress";
  return operation.error === null ? "Succeeded" : "Failed";
}
