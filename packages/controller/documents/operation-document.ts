/** A long-running operation as the store keeps it: how a change that was asked for ended, readable for a day after. */
import type { OperationStatus, TransferTask } from "@larder/api";
import type { ChangeKind, Problem } from "./cache-document.ts";

export interface AwaitedAccess {
  cache: string;
  accessGeneration: number;
  /** Engines may refuse it; null: nothing that they could. */
  policyName: string | null;
}

export interface OperationDocument {
  operationId: string;
  kind: ChangeKind | "deleteGroup" | "flush" | "access" | TransferTask["kind"];
  subscription: string;
  location: string;
  startMs: number;
  endMs: number | null;
  /** Of a change of who may use a cache: it ends when every node and gateway has taken it, which is seen when it is asked for. */
  awaits?: AwaitedAccess;
  error: Problem | null;
}

export function operationOutcome(operation: OperationDocument): OperationStatus["status"] {
  if (operation.endMs === null) return "InProgress";
  return operation.error === null ? "Succeeded" : "Failed";
}
