/** When a schedule's next backup is due. Pure. */
import type { BackupSchedule } from "@larder/api";
import type { BackupPolicyDocument } from "../documents/backup-document.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** By no more than that is one later than its schedule says, and by no more than a tenth of the time between two. */
const jitterMs = 5 * minuteMs;

/**
 * Wall time; null while the one before is being made. What is past is due at once: of those that were missed while nobody was
 * there one is made.
 */
export function nextBackupMs({ schedule, createdMs, jitter, last }: BackupPolicyDocument): number | null {
  if (last !== null && last.endedMs === null) return null;
  const everyMs = schedule.everyMinutes * minuteMs;
  const laterMs = Math.floor(jitter * Math.min(jitterMs, everyMs / 10));
  if (schedule.startAt !== null) return onGrid(schedule, last?.begunMs ?? createdMs, laterMs) + laterMs;
  return last?.endedMs == null ? createdMs : last.endedMs + everyMs + laterMs;
}

/** The first of the times of the day, and of the days, after the one that was begun. */
function onGrid({ everyMinutes, startAt }: BackupSchedule, afterMs: number, laterMs: number): number {
  const everyMs = everyMinutes * minuteMs;
  const [hours = 0, minutes = 0] = (startAt ?? "").split(":").map(Number);
  const offsetMs = ((hours * 60 + minutes) * minuteMs) % Math.min(everyMs, dayMs);
  const begunMs = afterMs - laterMs;
  const steps = Math.floor((begunMs - offsetMs) / everyMs) + 1;
  return offsetMs + steps * everyMs;
}
