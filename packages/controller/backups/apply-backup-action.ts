/** What a step makes of the documents of a cache's backups. Pure. */
import { type BackupSchedule, backupFileName } from "@larder/api";
import type { BackupDocument, BackupPolicyDocument } from "../documents/backup-document.ts";
import type { CacheDocument, Problem } from "../documents/cache-document.ts";
import type { TransferDocument } from "../documents/transfer-document.ts";
import { type BackupAction, type BackupsSeen, retryPauseMs } from "./plan-backups.ts";

/** What is written; undefined: as it was. */
export interface BackupWrites {
  backup?: BackupDocument;
  policy?: BackupPolicyDocument;
}

export function newBackup(
  cache: Pick<CacheDocument, "cacheId" | "name">,
  { cause, at, nowMs }: Pick<BackupDocument, "cause" | "at"> & { nowMs: number },
  known: Pick<BackupsSeen, "backups" | "transfers">,
): BackupDocument {
  const name = freeName(nowMs, known);
  return {
    name,
    cacheId: cache.cacheId,
    cause,
    state: "making",
    at,
    file: backupFileName({ cache: cache.name, name }, true),
    hostId: null,
    createdMs: nowMs,
    endedMs: null,
    manifest: null,
    verified: null,
    verifiedBy: null,
    tried: [],
    removals: 0,
    notBeforeMs: 0,
    problem: null,
  };
}

/** To the second; the next one that no backup has, and no transfer of one that is gone. */
function freeName(nowMs: number, { backups, transfers }: Pick<BackupsSeen, "backups" | "transfers">): string {
  const taken = new Set(backups.map(({ name }) => name));
  for (const { task } of transfers)
    if (task.kind === "export" && task.backup !== undefined) taken.add(task.backup.name);
  for (let ms = nowMs; ; ms += 1_000) {
    const name = new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
    if (!taken.has(name)) return name;
  }
}

export function newPolicy(
  { cacheId }: Pick<CacheDocument, "cacheId">,
  schedule: BackupSchedule,
  { nowMs, jitter, before }: { nowMs: number; jitter: number; before: BackupPolicyDocument | null },
): BackupPolicyDocument {
  return { cacheId, schedule, createdMs: nowMs, jitter, last: before?.last ?? null };
}

/** Steps that are nothing but writing down. `hostId`: of the node that the transfer stood on. */
export function writesOf(
  action: Extract<BackupAction, { type: "made" | "tryAgain" | "giveUp" | "verified" | "remove" }>,
  policy: BackupPolicyDocument | null,
  { nowMs, hostId }: { nowMs: number; hostId: string | null },
): BackupWrites {
  const { backup } = action;
  switch (action.type) {
    case "made": {
      const { manifest } = action;
      const made = { ...backup, state: "made", manifest, hostId, endedMs: nowMs, problem: null } as const;
      return ended(made, policy, nowMs);
    }
    case "tryAgain":
      return { backup: { ...failedOnce(backup, action.transfer, action.problem, nowMs) } };
    case "giveUp": {
      const failed = { ...failedOnce(backup, action.transfer, action.problem, nowMs), state: "failed" } as const;
      return ended({ ...failed, endedMs: nowMs }, policy, nowMs);
    }
    case "verified":
      return { backup: verified(backup, action.transfer) };
    case "remove":
      return { backup: { ...backup, state: "removing", notBeforeMs: 0, problem: null } };
  }
}

/** Its storage could not be reached, or said no. */
export function removalFailed(backup: BackupDocument, problem: Problem, nowMs: number): BackupDocument {
  const removals = backup.removals + 1;
  return { ...backup, removals, notBeforeMs: nowMs + retryPauseMs(removals), problem };
}

/** The cache is busy, or its host is away: that is no failure of the backup. */
export function exportPutOff(backup: BackupDocument, problem: Problem, nowMs: number): BackupDocument {
  return { ...backup, notBeforeMs: nowMs + retryPauseMs(1), problem };
}

function failedOnce(
  backup: BackupDocument,
  transfer: TransferDocument,
  problem: Problem,
  nowMs: number,
): BackupDocument {
  const tried = [...backup.tried, transfer.transferId];
  return { ...backup, tried, notBeforeMs: nowMs + retryPauseMs(tried.length), problem };
}

function verified(backup: BackupDocument, { transferId, status, endedMs, problem }: TransferDocument): BackupDocument {
  const isVerified = { atMs: endedMs ?? 0, isGood: status === "succeeded", message: problem?.message ?? null };
  return { ...backup, verified: isVerified, verifiedBy: transferId };
}

function ended(backup: BackupDocument, policy: BackupPolicyDocument | null, nowMs: number): BackupWrites {
  if (backup.cause !== "schedule" || policy?.last == null) return { backup };
  return { backup, policy: { ...policy, last: { ...policy.last, endedMs: nowMs } } };
}
