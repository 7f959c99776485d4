/**
 * What stands beside each backup in its storage, as JSON: all that is needed to find, check and restore it, also by a service
 * that knows nothing of the one that made it. It has no secrets.
 *
 *   shop/2026-11-22T00-00-00Z.rdb.gz    the backup: an RDB file of one moment
 *   shop/2026-11-22T00-00-00Z.json      its manifest, written when the file is whole: a file without one is no backup
 */
import { z } from "zod";
import type { EngineVersion } from "./agent-protocol.ts";
import type { EnterpriseSku } from "./enterprise-skus.ts";
import { LarderError } from "./errors.ts";
import type { Sku } from "./skus.ts";

export const manifestFormat = "larder-backup-1";
/** Longer is none: a manifest has a line for each database at most. */
export const manifestBytesMax = 64 * 1024;

/** What the controller says of a backup that is to be made. */
export interface BackupLabel {
  /** When it was begun: "2026-11-22T00:00:00Z". Unique among those of the cache. */
  name: string;
  cache: string;
  cacheId: string;
  /** Of the cache, so that one like it can be made. */
  sku: Sku | EnterpriseSku;
}

export interface BackupManifest extends BackupLabel {
  format: typeof manifestFormat;
  /** Of the RDB file, in the same storage: "shop/2026-11-22T00-00-00Z.rdb.gz". */
  file: string;
  /** ISO 8601: when the manifest was written. */
  endedAt: string;
  engine: EngineVersion;
  rdbVersion: number;
  /** In each database that has any; those that had expired, but were there yet, among them. */
  keys: { database: number; keys: number }[];
  /** Libraries of functions. */
  functions: number;
  /** What the engine used for it, as its file says; null where it does not. */
  memoryBytes: number | null;
  /** Of the file as it lies there. */
  bytes: number;
  sha256: string;
  /** Of what the file holds, whatever the order of keys and the encodings of values: packages/rdb/digest. */
  digest: string;
}

const count = z.int().nonnegative();

const manifest = z.object({
  format: z.literal(manifestFormat),
  name: z.iso.datetime(),
  cache: z.string().min(1).max(63),
  cacheId: z.string().max(100),
  sku: z.union([
    z.object({ name: z.enum(["Basic", "Standard", "Premium"]), family: z.enum(["C", "P"]), capacity: count }),
    z.object({ name: z.string().regex(/^[A-Za-z]{1,30}_[A-Z]\d{1,5}$/), capacity: count.optional() }),
  ]),
  file: z.string().min(1).max(300),
  endedAt: z.iso.datetime(),
  engine: z.object({ name: z.enum(["redis", "valkey"]), version: z.string().max(40) }),
  rdbVersion: count,
  keys: z.array(z.object({ database: count, keys: count })),
  functions: count,
  memoryBytes: count.nullable(),
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  digest: z.string().regex(/^[0-9a-f]{32}$/),
});

/** Of untrusted text. Throws InvalidParameter, which names the file and what is wrong. */
export function parseManifest(text: string, file: string): BackupManifest {
  const result = manifest.safeParse(jsonOf(text));
  if (result.success && manifestNameOf(result.data.file) === file) return result.data as BackupManifest;
  const what = result.success
    ? `it is of another file, '${result.data.file}'`
    : `'${result.error.issues[0]?.path.map(String).join(".") ?? ""}' ${result.error.issues[0]?.message ?? "is wrong"}`;
  throw new LarderError("InvalidParameter", `'${file}' is no manifest of a backup: ${what}.`);
}

/** Where the backup lies in its storage. Colons are not for names of files everywhere. */
export function backupFileName({ cache, name }: Pick<BackupLabel, "cache" | "name">, gzip: boolean): string {
  return `${cache.toLowerCase()}/${name.replaceAll(":", "-")}.rdb${gzip ? ".gz" : ""}`;
}

export function manifestNameOf(file: string): string {
  return `${file.replace(/\.rdb(\.gz)?$/, "")}.json`;
}

export function manifestKeys({ keys }: Pick<BackupManifest, "keys">): number {
  return keys.reduce((sum, one) => sum + one.keys, 0);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
