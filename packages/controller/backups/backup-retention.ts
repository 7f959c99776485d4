/**
 * Which backups need not be kept any longer. Pure. Only those that the schedule had made: what somebody asked for goes when somebody
 * says so. The newest one that is good stays, however old it is.
 */
import type { BackupSchedule } from "@larder/api";
import type { BackupDocument } from "../documents/backup-document.ts";

const dayMs = 24 * 3_600_000;
/** Failures that stay to be looked at. */
export const failuresKeptMax = 10;

/** `isInUse`: it is being restored or verified. */
export function surplusBackups(
  backups: readonly BackupDocument[],
  schedule: BackupSchedule | null,
  { nowMs, isInUse }: { nowMs: number; isInUse: (backup: BackupDocument) => boolean },
): BackupDocument[] {
  const newestFirst = backups.toSorted((a, b) => b.createdMs - a.createdMs);
  const failures = newestFirst.filter(({ state }) => state === "failed").slice(failuresKeptMax);
  return [...(schedule === null ? [] : tooMany(newestFirst, schedule, nowMs)), ...failures].filter(
    (backup) => !isInUse(backup),
  );
}

export function isGood({ state, verified }: BackupDocument): boolean {
  return state === "made" && verified?.isGood !== false;
}

function tooMany(
  newestFirst: readonly BackupDocument[],
  { keep, keepDays }: BackupSchedule,
  nowMs: number,
): BackupDocument[] {
  const newestGood = newestFirst.find(isGood);
  const scheduled = newestFirst.filter(({ state, cause }) => state === "made" && cause === "schedule");
  const oldestMs = keepDays === null ? Number.NEGATIVE_INFINITY : nowMs - keepDays * dayMs;
  return scheduled.filter((backup, index) => (index >= keep || backup.createdMs < oldestMs) && backup !== newestGood);
}
