/**
 * What a cache's settings say of persistence, and what its nodes are told of it. Pure.
 *
 * Azure's keys of `redisConfiguration` say whether and how often; `larder.persistTo` names storage that Azure's keys cannot.
 * The secrets in them stay in the document, and are hidden wherever it is shown.
 */
import type { PersistenceSpec, StorageLocation } from "@larder/api";
import type { CacheDocument, CacheSettings } from "./cache-document.ts";

/** Azure has no default: whoever turns snapshots on says how often. */
const defaultFrequencyMinutes = 60;
/** Azure keeps the newest. */
const defaultSnapshotsMax = 1;
const minuteMs = 60_000;
/** What has come into append-only files since goes to storage so often: it is what is lost with all disks. */
const aofCopyEveryMs = 10_000;
/** The container that copies go to in an account that is given by its connection string. */
const container = "larder-persistence";
export const connectionStringKeys = [
  "rdb-storage-connection-string",
  "aof-storage-connection-string-0",
  "aof-storage-connection-string-1",
] as const;
export const hiddenKey = "[key hidden]";

type Settings = Pick<CacheSettings, "redisConfiguration" | "persistTo" | "persistedSinceMs">;

export function hasSnapshots({ redisConfiguration }: Pick<CacheSettings, "redisConfiguration">): boolean {
  return redisConfiguration["rdb-backup-enabled"] === "true";
}

export function hasAof({ redisConfiguration }: Pick<CacheSettings, "redisConfiguration">): boolean {
  return redisConfiguration["aof-backup-enabled"] === "true";
}

export function isPersistent(settings: Pick<CacheSettings, "redisConfiguration">): boolean {
  return hasSnapshots(settings) || hasAof(settings);
}

/** null: nothing is kept. */
export function derivePersistence({ settings, route, leader, nodes }: CacheDocument): PersistenceSpec | null {
  if (!isPersistent(settings)) return null;
  const { redisConfiguration: configuration } = settings;
  const minutes = Number(configuration["rdb-backup-frequency"] || defaultFrequencyMinutes);
  const copyTo = copyPlaceOf(settings);
  // A node that is added to one that serves gets its data from that.
  const isUnled = leader === null ? nodes.length === 1 : leader.endedAtMs !== null;
  const hasServed = route.epoch > 1;
  return {
    sinceMs: settings.persistedSinceMs ?? 0,
    snapshotEveryMs: hasSnapshots(settings) ? minutes * minuteMs : null,
    snapshotsMax: Number(configuration["rdb-backup-max-snapshot-count"] || defaultSnapshotsMax),
    hasAof: hasAof(settings),
    copyTo,
    aofCopyEveryMs: hasAof(settings) && copyTo !== null ? aofCopyEveryMs : null,
    takesCopy: copyTo !== null && hasServed && isUnled,
  };
}

function copyPlaceOf(settings: Settings): StorageLocation | null {
  const { redisConfiguration: configuration, persistTo } = settings;
  if (persistTo != null) return persistTo;
  const key = hasAof(settings) ? "aof-storage-connection-string-0" : "rdb-storage-connection-string";
  const connectionString = configuration[key];
  if (connectionString === undefined || connectionString === "") return null;
  return { url: `azure://${container}`, credentials: { kind: "azure", connectionString } };
}

/** As it is shown. */
export function withHiddenSecrets(configuration: Record<string, string>): Record<string, string> {
  const shown = { ...configuration };
  for (const key of connectionStringKeys) if (shown[key]) shown[key] = hidden(shown[key]);
  return shown;
}

/** What was shown comes back from clients that send everything they have read: it stands for what is stored. */
export function withKeptSecrets(
  asked: Record<string, string>,
  current: Record<string, string>,
): Record<string, string> {
  const kept = { ...asked };
  for (const key of connectionStringKeys) {
    const stored = current[key];
    if (stored !== undefined && kept[key] === hidden(stored)) kept[key] = stored;
  }
  return kept;
}

/** Also where it is not well-formed, as with a comma for a semicolon, or a signature in an endpoint. */
function hidden(connectionString: string): string {
  return connectionString
    .split(";")
    .map((part) => part.replace(/(AccountKey|SharedAccessSignature|\bsig)\s*=.*/is, `$1=${hiddenKey}`))
    .join(";");
}
