/**
 * The steps of a transfer: the only function that changes its status. Pure.
 *
 *              waiting   running       cuttingOver
 *   start      running   –             –             its node is there
 *   relocate   –         waiting       –             its node is lost, or is not the right one any more
 *   cutOver    –         cuttingOver   –             a move to the node that it filled begins
 *   goOn       –         –             running       the move was called off
 *   end        over      over          over
 *
 * A step that is not in the table is a mistake of the caller, and throws. What is over keeps no secrets.
 */
import type { NodeId, TransferObserved } from "@larder/api";
import type { Problem } from "../documents/cache-document.ts";
import { isOver, type TransferDocument, type TransferStatus } from "../documents/transfer-document.ts";
import { taskWithoutSecrets } from "./task-secrets.ts";

export type TransferEnd = Extract<TransferStatus, "succeeded" | "failed" | "cancelled">;

export type TransferStep =
  | { type: "start"; nodeId: NodeId }
  | { type: "relocate"; isLost: boolean }
  | { type: "cutOver" }
  | { type: "goOn" }
  | { type: "end"; status: TransferEnd; problem: Problem | null };

/** What it filled may fail to take over so often. */
export const callOffsMax = 5;

/** `progress`: the last that was heard of it; null keeps what was heard before. */
export function transferAfter(
  transfer: TransferDocument,
  step: TransferStep,
  { nowMs, progress }: { nowMs: number; progress: TransferObserved | null },
): TransferDocument {
  const known = { ...transfer, progress: progress ?? transfer.progress };
  switch (step.type) {
    case "start":
      require(transfer, step, "waiting");
      return { ...known, status: "running", nodeId: step.nodeId };
    case "relocate":
      require(transfer, step, "running");
      return { ...relocated(known, step.isLost), status: "waiting", nodeId: null };
    case "cutOver":
      require(transfer, step, "running");
      return { ...known, status: "cuttingOver" };
    case "goOn":
      require(transfer, step, "cuttingOver");
      return calledOff(known);
    case "end":
      if (isOver(transfer)) throw mistake(transfer, step);
      return {
        ...known,
        task: taskWithoutSecrets(transfer.task),
        status: step.status,
        problem: step.problem,
        endedMs: nowMs,
      };
  }
}

/** What the other server has by now is not written to it again. */
function relocated(before: TransferDocument, isLost: boolean): TransferDocument {
  const { task, progress } = before;
  const lostNodes = before.lostNodes + (isLost ? 1 : 0);
  const transfer = { ...before, nodesBefore: before.nodesBefore + 1, lostNodes };
  if (task.kind !== "reverse" || progress?.place == null) return transfer;
  return { ...transfer, task: { ...task, from: progress.place } };
}

/** Hours of copying are not thrown away: a migration goes on following until its owner says when it is to be tried again. */
function calledOff(transfer: TransferDocument): TransferDocument {
  const callOffs = transfer.callOffs + 1;
  if (transfer.task.kind !== "migrate" || callOffs < callOffsMax) return { ...transfer, callOffs, status: "running" };
  const message = `The new node could not take over, ${callOffs} times. Ask for the cut-over again.`;
  return {
    ...transfer,
    callOffs: 0,
    status: "running",
    cutOver: "manual",
    problem: { code: "CutOverCalledOff", message },
  };
}

function require(transfer: TransferDocument, step: TransferStep, status: TransferStatus): void {
  if (transfer.status !== status) throw mistake(transfer, step);
}

function mistake({ transferId, status }: TransferDocument, { type }: TransferStep): Error {
  return new Error(`transfer ${transferId} is ${status}: '${type}' cannot be`);
}
