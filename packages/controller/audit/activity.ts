/** The newest calls that changed or did something, in memory, as they were written: from the file at the start, then as they come. */
import { readFileSync } from "node:fs";
import { auditLimits } from "./audit-limits.ts";
import type { AuditRecord } from "./audit-record.ts";

export class Activity {
  /** The newest last. */
  #records: AuditRecord[] = [];

  add(record: AuditRecord): void {
    this.#records.push(record);
    // Twice as many are let in before the older half goes: each is moved once.
    if (this.#records.length >= 2 * auditLimits.activityRecordsMax)
      this.#records = this.#records.slice(-auditLimits.activityRecordsMax);
  }

  /** The newest first, none older than may be. */
  newest(nowMs: number): AuditRecord[] {
    const since = new Date(nowMs - auditLimits.activityAgeMaxMs).toISOString();
    const kept = this.#records.slice(-auditLimits.activityRecordsMax).toReversed();
    const tooOld = kept.findIndex(({ time }) => time < since);
    return tooOld < 0 ? kept : kept.slice(0, tooOld);
  }

  /** Of several files, the oldest first. What is no record is left out: a crash may have cut one. */
  load(paths: readonly string[]): void {
    for (const path of paths)
      for (const line of linesOf(path)) {
        const record = parseRecord(line);
        if (record !== undefined) this.add(record);
      }
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function parseRecord(line: string): AuditRecord | undefined {
  try {
    const record = JSON.parse(line) as AuditRecord | null;
    return typeof record?.time === "string" && typeof record.scope === "string" ? record : undefined;
  } catch {
    return undefined;
  }
}
