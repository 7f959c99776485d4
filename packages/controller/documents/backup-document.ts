/**
 * A cache's backups, and when they are made, as the store keeps them. They hold secrets: the credentials of their storage.
 *
 *   making    its export is wanted; the transfer that carries it out has its name in the label
 *   made      file and manifest are in the storage
 *   failed    it was given up, and nothing is there
 *   removing  file and manifest are to go, and then this
 *
 * Backups outlive their cache: these documents go with it, the files stay.
 */
import type { BackupManifest, BackupSchedule, CacheId, StorageLocation, TransferId } from "@larder/api";
import type { Problem } from "./cache-document.ts";

export interface BackupDocument {
  /** "2026-11-22T00:00:00Z": when it was asked for. */
  name: string;
  cacheId: CacheId;
  cause: "schedule" | "asked for";
  state: "making" | "made" | "failed" | "removing";
  at: StorageLocation;
  /** In `at`. */
  file: string;
  /** Whose agent wrote it: a folder may be that host's own. null: none yet. */
  hostId: string | null;
  createdMs: number;
  endedMs: number | null;
  manifest: BackupManifest | null;
  verified: { atMs: number; isGood: boolean; message: string | null } | null;
  /** The newest verification that was looked at when it had ended. */
  verifiedBy: TransferId | null;
  /** Exports that came to nothing, and the attempts to remove it. */
  tried: TransferId[];
  removals: number;
  /** Wall time before which nothing is tried again. */
  notBeforeMs: number;
  /** Why the last attempt at something failed. */
  problem: Problem | null;
}

export interface BackupPolicyDocument {
  cacheId: CacheId;
  schedule: BackupSchedule;
  createdMs: number;
  /** From 0 to 1: by how much of the bound each backup is later, so that not all caches make theirs at one moment. */
  jitter: number;
  /** The newest that the schedule had made: when it was begun, and when its export had ended. */
  last: { begunMs: number; endedMs: number | null } | null;
}
