/**
 * Every call of the management API is written down: all of them to `audit.log`, and those that changed or did something to
 * `activity.log` too, of which the activity log is made. Both are in the controller's data directory. Sign-ins at the embedded identity
 * provider stand among the calls.
 *
 * The API goes on while they cannot be written: whoever has filled the disk has to be able to delete something. `/metrics` says so.
 */
import { join } from "node:path";
import type { Clock, Log } from "@larder/service";
import { Activity } from "./activity.ts";
import { auditLimits } from "./audit-limits.ts";
import { type AuditRecord, isActivity } from "./audit-record.ts";
import { LineFile } from "./line-file.ts";
import type { SignInRecord } from "./sign-in-record.ts";

export interface AuditOptions {
  directory: string;
  clock: Clock;
  log: Log;
}

export class Audit {
  readonly activity = new Activity();
  readonly #calls: LineFile;
  readonly #changes: LineFile;
  readonly #changesPath: string;
  #records = 0;

  constructor({ directory, clock, log }: AuditOptions) {
    const { fileBytesMax, filesMax, activityFileBytesMax, activityFilesMax } = auditLimits;
    this.#changesPath = join(directory, "activity.log");
    this.#calls = new LineFile({ path: join(directory, "audit.log"), bytesMax: fileBytesMax, filesMax, clock, log });
    this.#changes = new LineFile({
      path: this.#changesPath,
      bytesMax: activityFileBytesMax,
      filesMax: activityFilesMax,
      clock,
      log,
    });
  }

  start(): void {
    this.activity.load([`${this.#changesPath}.1`, this.#changesPath]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#calls.stop(), this.#changes.stop()]);
  }

  note(record: AuditRecord): void {
    this.#records++;
    const line = JSON.stringify(record);
    this.#calls.add(line);
    if (!isActivity(record)) return;
    this.#changes.add(line);
    this.activity.add(record);
  }

  noteSignIn(record: SignInRecord): void {
    this.#records++;
    this.#calls.add(JSON.stringify(record));
  }

  /** For `GET /metrics`. */
  get samples(): readonly (readonly [string, number])[] {
    return [
      ["larder_audit_records_total", this.#records],
      ["larder_audit_records_lost_total", this.#calls.linesLost + this.#changes.linesLost],
      ["larder_audit_failing", this.#calls.isFailing || this.#changes.isFailing ? 1 : 0],
    ];
  }
}
