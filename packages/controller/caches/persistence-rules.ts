/** What a cache's persistence may be set to. Pure. Throws InvalidParameter and OperationNotSupported, with the target. */
import { LarderError } from "@larder/api";
import type { CacheSettings } from "../documents/cache-document.ts";
import { connectionStringKeys, hasAof, hasSnapshots, hiddenKey, isPersistent } from "../documents/persistence.ts";

const configurationTarget = (key: string) => `properties.redisConfiguration.${key}`;

export function checkPersistence(settings: CacheSettings): void {
  const { redisConfiguration: configuration, sku } = settings;
  const [target, key] = hasSnapshots(settings)
    ? [configurationTarget("rdb-backup-enabled"), "snapshots"]
    : [configurationTarget("aof-backup-enabled"), "append-only files"];
  if (isPersistent(settings) && sku.name !== "Premium")
    refuse(target, `'${target}' asks for ${key}, which Premium caches have; this one is ${sku.name}.`);
  for (const name of connectionStringKeys) checkConnectionString(name, configuration[name] ?? "");
  const names = { snapshots: "rdb-backup-enabled", aof: "aof-backup-enabled" };
  checkKept(settings, names, configurationTarget(names.aof));
}

/** What counts for both providers, each of which has names of its own for what is turned on. */
export function checkKept(settings: CacheSettings, names: { snapshots: string; aof: string }, target: string): void {
  if (hasSnapshots(settings) && hasAof(settings))
    refuse(
      target,
      `A cache has snapshots or append-only files, not both: turn '${names.snapshots}' or '${names.aof}' off.`,
    );
  if (settings.persistTo !== null && !isPersistent(settings))
    refuse(
      "properties.larder.persistTo",
      "'properties.larder.persistTo' needs snapshots or append-only files, which are off.",
    );
}

/** Of a moment at which it is turned on, or is on; null while it is off. */
export function withPersistedSince(
  settings: CacheSettings,
  current: CacheSettings | undefined,
  nowMs: number,
): CacheSettings {
  const sinceMs = current !== undefined && isPersistent(current) ? current.persistedSinceMs : null;
  return { ...settings, persistedSinceMs: isPersistent(settings) ? (sinceMs ?? nowMs) : null };
}

/** The value is not quoted: it is a secret. */
function checkConnectionString(name: string, value: string): void {
  if (value === "") return;
  const target = configurationTarget(name);
  if (value.includes(hiddenKey))
    refuse(target, `'${target}' has its key hidden, and is not what is stored: give all of it, or leave it out.`);
  if (!/(^|;)\s*(AccountName|BlobEndpoint)\s*=/i.test(value))
    refuse(target, `'${target}' must be the connection string of a storage account: AccountName=…;AccountKey=….`);
}

function refuse(target: string, message: string): never {
  throw new LarderError("InvalidParameter", message, { target });
}
