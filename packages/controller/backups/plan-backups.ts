/**
 * The next step with a cache's backups: pure, one at a time, and each may be the last before the controller dies.
 *
 *   making     no transfer has its name yet      → export, once the pause after a failure is over
 *              its transfer succeeded            → made
 *              it failed                         → tried again, of a schedule a few times; then failed
 *              it was cancelled                  → failed
 *   made       a verification of it is over      → what that found is kept
 *              too many, too old                 → removing
 *   removing                                     → its files are removed, and then its document
 *   schedule   due, and none is being made       → making
 *
 * Without a connection to its storage nothing is lost: what cannot be done is tried again, with pauses that grow.
 */
import type { BackupManifest } from "@larder/api";
import type { BackupDocument, BackupPolicyDocument } from "../documents/backup-document.ts";
import type { Problem } from "../documents/cache-document.ts";
import { isOver, type TransferDocument } from "../documents/transfer-document.ts";
import { surplusBackups } from "./backup-retention.ts";
import { nextBackupMs } from "./backup-times.ts";

export type BackupAction =
  | { type: "begin"; policy: BackupPolicyDocument }
  | { type: "export"; backup: BackupDocument }
  | { type: "made"; backup: BackupDocument; transfer: TransferDocument; manifest: BackupManifest }
  | { type: "tryAgain" | "giveUp"; backup: BackupDocument; transfer: TransferDocument; problem: Problem }
  | { type: "verified"; backup: BackupDocument; transfer: TransferDocument }
  | { type: "remove"; backup: BackupDocument }
  | { type: "removeFiles"; backup: BackupDocument };

export interface BackupsSeen {
  policy: BackupPolicyDocument | null;
  backups: readonly BackupDocument[];
  /** Of the cache: those under way, and those that are over and not pruned yet. */
  transfers: readonly TransferDocument[];
}

export interface BackupsPlan {
  action: BackupAction | null;
  lookAgainAtMs: number | null;
}

/** How often an export of the schedule is begun before that backup is given up; the next one is on its time again. */
export const exportsMax = 5;
const pauseMs = { firstMs: 60_000, maxMs: 30 * 60_000 } as const;
/** What a verification ends with that has looked at the backup itself; other failures say nothing of it. */
const verdicts = new Set(["BadFile", "StorageChecksumMismatch", "StorageNotFound"]);

export function planBackups(seen: BackupsSeen, nowMs: number): BackupsPlan {
  const waits: number[] = [];
  for (const backup of seen.backups) {
    const action = nextStep(backup, seen.transfers);
    if (action === null) continue;
    if (!isTry(action) || backup.notBeforeMs <= nowMs) return { action, lookAgainAtMs: null };
    waits.push(backup.notBeforeMs);
  }
  const isInUse = (backup: BackupDocument) => seen.transfers.some((one) => !isOver(one) && uses(one, backup));
  const [surplus] = surplusBackups(seen.backups, seen.policy?.schedule ?? null, { nowMs, isInUse });
  if (surplus !== undefined) return { action: { type: "remove", backup: surplus }, lookAgainAtMs: null };
  const due = dueOf(seen);
  if (seen.policy !== null && due !== null && due <= nowMs)
    return { action: { type: "begin", policy: seen.policy }, lookAgainAtMs: null };
  if (due !== null) waits.push(due);
  return { action: null, lookAgainAtMs: waits.length === 0 ? null : Math.min(...waits) };
}

/** After so many failures in a row. */
export function retryPauseMs(failures: number): number {
  return Math.min(pauseMs.maxMs, pauseMs.firstMs * 2 ** Math.max(0, Math.min(failures, 30) - 1));
}

/** It is made by this export, read by this import, or looked at by this verification. */
export function uses({ task }: TransferDocument, { name, file }: BackupDocument): boolean {
  if (task.kind === "export") return task.backup?.name === name;
  if (task.kind === "verify") return task.manifest.name === name;
  return task.kind === "import" && task.files.some(({ url }) => url.split("?")[0]?.endsWith(`/${file}`) === true);
}

/** The transfer that makes it now, or made it. */
export function exportOf(backup: BackupDocument, transfers: readonly TransferDocument[]): TransferDocument | undefined {
  return transfers.find(
    (transfer) =>
      transfer.task.kind === "export" && uses(transfer, backup) && !backup.tried.includes(transfer.transferId),
  );
}

function dueOf({ policy, backups }: BackupsSeen): number | null {
  if (policy === null || backups.some(({ state }) => state === "making")) return null;
  return nextBackupMs(policy);
}

function isTry({ type }: BackupAction): boolean {
  return type === "export" || type === "removeFiles";
}

function nextStep(backup: BackupDocument, transfers: readonly TransferDocument[]): BackupAction | null {
  switch (backup.state) {
    case "making":
      return whileMaking(backup, exportOf(backup, transfers));
    case "made":
      return verdictOn(backup, transfers);
    case "removing":
      return { type: "removeFiles", backup };
    case "failed":
      return null;
  }
}

function whileMaking(backup: BackupDocument, transfer: TransferDocument | undefined): BackupAction | null {
  if (transfer === undefined) return { type: "export", backup };
  if (!isOver(transfer)) return null;
  const manifest = transfer.progress?.backup;
  if (transfer.status === "succeeded" && manifest !== undefined) return { type: "made", backup, transfer, manifest };
  const problem = transfer.problem ?? { code: "TransferFailed", message: "Its agent told of no manifest." };
  const isLast = backup.cause === "asked for" || backup.tried.length + 1 >= exportsMax;
  return { type: isLast || transfer.status === "cancelled" ? "giveUp" : "tryAgain", backup, transfer, problem };
}

/** The newest verification that is over, where it is another one than that which is known. */
function verdictOn(backup: BackupDocument, transfers: readonly TransferDocument[]): BackupAction | null {
  const newest = transfers
    .filter((one) => one.task.kind === "verify" && isOver(one) && uses(one, backup) && hasVerdict(one))
    .sort((a, b) => (b.endedMs ?? 0) - (a.endedMs ?? 0) || a.transferId.localeCompare(b.transferId))[0];
  if (newest === undefined || newest.transferId === backup.verifiedBy) return null;
  if ((newest.endedMs ?? 0) < (backup.verified?.atMs ?? 0)) return null;
  return { type: "verified", backup, transfer: newest };
}

function hasVerdict({ status, problem }: TransferDocument): boolean {
  return status === "succeeded" || (status === "failed" && verdicts.has(problem?.code ?? ""));
}
