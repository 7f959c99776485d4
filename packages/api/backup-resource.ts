/**
 * Backups of a cache as the management API shows them; Larder's own. They have no secrets.
 *
 *   GET  …/redis/{name}/backupPolicies/default     BackupPolicyResource
 *   GET  …/redis/{name}/backups                    BackupResource, the newest first
 *   POST …/providers/Microsoft.Cache/redisBackups  FoundBackup: what a storage holds, whoever made it
 */
import type { BackupManifest } from "./backup-manifest.ts";

export interface BackupPolicyResource {
  /** Without secrets. */
  location: string;
  everyMinutes: number;
  /** "HH:MM", UTC; null: whenever the last one is old enough. */
  startAt: string | null;
  keep: number;
  keepDays: number | null;
  /** ISO 8601; null while one is being made. */
  nextAt: string | null;
  lastGoodAt: string | null;
  lastVerifiedAt: string | null;
  /** Why the last attempt failed; null: it did not. */
  problem: { code: string; message: string } | null;
}

/**
 * making    its export is under way
 * made      it is in its storage
 * failed    nothing is there; `error` says why
 * removing  it is too old, or its owner wants it gone
 */
export type BackupState = "making" | "made" | "failed" | "removing";

export interface BackupResource {
  name: string;
  state: BackupState;
  cause: "schedule" | "asked for";
  location: string;
  /** The transfer that makes it, while it is made; what shows how far it is. */
  transfer: string | null;
  createdAt: string;
  endedAt: string | null;
  manifest: BackupManifest | null;
  /** What the newest verification that came to an end found; null: there was none. */
  verified: { at: string; isGood: boolean; message: string | null } | null;
  error: { code: string; message: string } | null;
}

export interface FoundBackup {
  manifest: BackupManifest;
  location: string;
}
