/** Backups as the management API shows them. Pure. */
import { type BackupPolicyResource, type BackupResource, describeLocation } from "@larder/api";
import type { BackupDocument, BackupPolicyDocument } from "../documents/backup-document.ts";
import type { TransferDocument } from "../documents/transfer-document.ts";
import { isGood } from "./backup-retention.ts";
import { nextBackupMs } from "./backup-times.ts";
import { exportOf } from "./plan-backups.ts";

export function backupResource(backup: BackupDocument, transfers: readonly TransferDocument[]): BackupResource {
  const { name, state, cause, at, createdMs, endedMs, manifest, verified, problem } = backup;
  return {
    name,
    state,
    cause,
    location: describeLocation(at),
    transfer: state === "making" ? (exportOf(backup, transfers)?.transferId ?? null) : null,
    createdAt: timeText(createdMs),
    endedAt: endedMs === null ? null : timeText(endedMs),
    manifest,
    verified: verified && { at: timeText(verified.atMs), isGood: verified.isGood, message: verified.message },
    error: problem,
  };
}

export function policyResource(policy: BackupPolicyDocument, backups: readonly BackupDocument[]): BackupPolicyResource {
  const { to, everyMinutes, startAt, keep, keepDays } = policy.schedule;
  const isMaking = backups.some(({ state }) => state === "making");
  const nextMs = isMaking ? null : nextBackupMs(policy);
  const { lastGoodMs, lastVerifiedMs } = newestTimes(backups);
  const newest = backups.filter(({ cause }) => cause === "schedule").sort((a, b) => b.createdMs - a.createdMs)[0];
  return {
    location: describeLocation(to),
    everyMinutes,
    startAt,
    keep,
    keepDays,
    nextAt: nextMs === null ? null : timeText(nextMs),
    lastGoodAt: lastGoodMs === null ? null : timeText(lastGoodMs),
    lastVerifiedAt: lastVerifiedMs === null ? null : timeText(lastVerifiedMs),
    problem: newest?.state === "failed" || newest?.state === "making" ? newest.problem : null,
  };
}

/** When the newest good backup was begun, and the newest of those that were verified. */
export function newestTimes(backups: readonly BackupDocument[]): {
  lastGoodMs: number | null;
  lastVerifiedMs: number | null;
} {
  return {
    lastGoodMs: newestMs(backups.filter(isGood)),
    lastVerifiedMs: newestMs(backups.filter((one) => one.state === "made" && one.verified?.isGood === true)),
  };
}

function newestMs(backups: readonly BackupDocument[]): number | null {
  return backups.length === 0 ? null : Math.max(...backups.map(({ createdMs }) => createdMs));
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
