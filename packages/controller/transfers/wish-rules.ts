/** What an owner may ask of a transfer that is under way. Pure. Refusals throw LarderError. */
import { LarderError } from "@larder/api";
import { isOver, type TransferDocument } from "../documents/transfer-document.ts";

export const transferWishes = ["pause", "resume", "cutover"] as const;
export type TransferWish = (typeof transferWishes)[number];

export function requireCancellable(transfer: TransferDocument): void {
  requireUnderWay(transfer);
  if (transfer.status === "cuttingOver")
    throw new LarderError("Conflict", "Clients are being moved to the new data: it cannot be cancelled any more.");
}

export function transferWished(transfer: TransferDocument, wish: TransferWish): TransferDocument {
  requireCancellable(transfer);
  return wish === "cutover" ? cutOverNow(transfer) : paused(transfer, wish === "pause");
}

function paused(transfer: TransferDocument, isPaused: boolean): TransferDocument {
  const { task } = transfer;
  if (task.kind === "migrate" || task.kind === "reverse") return { ...transfer, task: { ...task, isPaused } };
  throw new LarderError("InvalidParameter", "Only a migration and its way back can be paused.");
}

/** It takes over as soon as nothing is left to copy. */
function cutOverNow(transfer: TransferDocument): TransferDocument {
  const { task } = transfer;
  if (task.kind !== "migrate") throw new LarderError("InvalidParameter", "Only a migration has a cut-over.");
  if (task.isPaused) throw new LarderError("Conflict", "The migration is paused: resume it first.");
  return { ...transfer, cutOver: "now", problem: null };
}

function requireUnderWay(transfer: TransferDocument): void {
  if (!isOver(transfer)) return;
  throw new LarderError("Conflict", `It is over: ${transfer.problem?.message ?? "it succeeded"}`);
}
