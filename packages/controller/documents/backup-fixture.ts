/** Backups with defaults for everything, for tests: what a test sets is what matters to it. */
import type { BackupManifest, BackupSchedule, CacheId } from "@larder/api";
import type { BackupDocument, BackupPolicyDocument } from "./backup-document.ts";

const cacheId = "cache-1" as CacheId;
const at = { url: "file:///backups", credentials: null };

export const manifestFixture: BackupManifest = {
  format: "larder-backup-1",
  name: "2026-11-22T00:00:00Z",
  cache: "shop",
  cacheId,
  sku: { name: "Basic", family: "C", capacity: 0 },
  file: "shop/2026-11-22T00-00-00Z.rdb.gz",
  endedAt: "2026-11-22T00:00:05.000Z",
  engine: { name: "valkey", version: "8.0.1" },
  rdbVersion: 11,
  keys: [{ database: 0, keys: 12 }],
  functions: 0,
  memoryBytes: 1_000_000,
  bytes: 345,
  sha256: "a".repeat(64),
  digest: "b".repeat(32),
};

export function backupFixture(changes: Partial<BackupDocument> = {}): BackupDocument {
  const name = changes.name ?? manifestFixture.name;
  const file = `shop/${name.replaceAll(":", "-")}.rdb.gz`;
  const state = changes.state ?? "made";
  return {
    name,
    cacheId,
    cause: "schedule",
    state,
    at,
    file,
    hostId: null,
    createdMs: Date.parse(name),
    endedMs: state === "making" ? null : Date.parse(name),
    manifest: state === "made" ? { ...manifestFixture, name, file } : null,
    verified: null,
    verifiedBy: null,
    tried: [],
    removals: 0,
    notBeforeMs: 0,
    problem: null,
    ...changes,
  };
}

export function policyFixture(
  schedule: Partial<BackupSchedule> = {},
  changes: Partial<BackupPolicyDocument> = {},
): BackupPolicyDocument {
  const usual = { to: at, everyMinutes: 60, startAt: null, keep: 3, keepDays: null };
  return { cacheId, schedule: { ...usual, ...schedule }, createdMs: 0, jitter: 0, last: null, ...changes };
}
