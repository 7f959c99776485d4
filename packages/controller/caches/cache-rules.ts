/**
 * What a cache may be set to: (what exists, what is asked) → the settings to store, or a refusal that names the
 * property. Pure. Shapes and single values were checked before (`redis-parse.ts`); here it is about the SKU, what may
 * change, and what Larder does not have yet.
 */
import {
  LarderError,
  limitsOfSku,
  type RedisCreateProperties,
  type Sku,
  type StorageLocation,
  sizeName,
  skuLimits,
  skuReplicas,
  skuText,
} from "@larder/api";
import { type CacheSettings, redisSku } from "../documents/cache-document.ts";
import { isPersistent, withKeptSecrets } from "../documents/persistence.ts";
import { checkLogins } from "./login-rules.ts";
import { checkPersistence } from "./persistence-rules.ts";
import { zonesOf } from "./zone-rules.ts";

const reserves = ["maxmemory-reserved", "maxmemory-delta", "maxfragmentationmemory-reserved"];
const replicatedOnly = [...reserves, "notify-keyspace-events"];
export const noIdentity: CacheSettings["identity"] = { isSystemAssigned: false, userAssigned: [] };

/** The settings of a PUT: what is left out gets its default, except what can only be said at creation. */
export function settingsOfPut(asked: RedisCreateProperties, current: CacheSettings | undefined): CacheSettings {
  checkSku(asked.sku, current && redisSku(current));
  checkOffered(asked);
  const configuration = withoutZeros(
    withKeptSecrets(asked.redisConfiguration ?? {}, current?.redisConfiguration ?? {}),
  );
  const databases = configuration.databases ?? current?.redisConfiguration.databases;
  if (databases !== undefined) configuration.databases = databases;
  return checked(
    {
      sku: asked.sku,
      enterprise: null,
      replicas: replicasOf(asked, current),
      redisVersion: asked.redisVersion ?? "latest",
      enableNonSslPort: asked.enableNonSslPort ?? false,
      minimumTlsVersion: "1.2",
      disableAccessKeyAuthentication: asked.disableAccessKeyAuthentication ?? false,
      publicNetworkAccess: publicAccessOf(asked, current),
      updateChannel: asked.updateChannel ?? "Stable",
      ...zonesOf(asked, current),
      identity: asked.identity ?? noIdentity,
      redisConfiguration: configuration,
      tenantSettings: asked.tenantSettings ?? {},
      durableWrites: asked.larder?.durableWrites ?? current?.durableWrites ?? false,
      replicaReads: asked.larder?.replicaReads ?? current?.replicaReads ?? false,
      persistTo: persistToOf(asked.larder?.persistTo, configuration, current),
      persistedSinceMs: current?.persistedSinceMs ?? null,
    },
    current,
  );
}

/** The settings of a PATCH: what is left out stays; `redisConfiguration` merges by key. */
export function settingsOfPatch(asked: Partial<RedisCreateProperties>, current: CacheSettings): CacheSettings {
  return settingsOfPut(
    {
      ...current,
      ...asked,
      redisConfiguration: { ...current.redisConfiguration, ...asked.redisConfiguration },
      sku: asked.sku ?? redisSku(current),
    },
    current,
  );
}

/** What is closed to the public is not opened by leaving something out. */
function publicAccessOf(asked: RedisCreateProperties, current: CacheSettings | undefined): "Enabled" | "Disabled" {
  return (asked.publicNetworkAccess ?? current?.publicNetworkAccess) === "Disabled" ? "Disabled" : "Enabled";
}

/** An empty one takes it back, and so does turning persistence off. */
export function persistToOf(
  asked: StorageLocation | undefined,
  redisConfiguration: CacheSettings["redisConfiguration"],
  current: CacheSettings | undefined,
): StorageLocation | null {
  if (asked === undefined) return isPersistent({ redisConfiguration }) ? (current?.persistTo ?? null) : null;
  return asked.url === "" ? null : asked;
}

function checked(settings: CacheSettings, current: CacheSettings | undefined): CacheSettings {
  checkConfiguration(settings);
  checkLogins(settings);
  checkReplicated(settings, `${settings.sku.name} caches do not have. Standard and Premium do`);
  checkPersistence(settings);
  checkDatabases(settings, current);
  checkVersion(settings.redisVersion);
  return settings;
}

function checkSku(sku: Sku, current: Sku | undefined): void {
  const refuse = (message: string) => {
    throw new LarderError("SkuNotSupported", message, { target: "properties.sku" });
  };
  const label = `${sku.name} ${sizeName(sku)}`;
  if (skuLimits(sku) === undefined)
    refuse(`There is no SKU ${label}. Basic and Standard have C0 to C6, Premium has P1 to P5.`);
  if (current !== undefined) checkTier(sku, current, refuse);
  if (current !== undefined && sku.capacity === 0 && current.capacity !== 0)
    refuse(`A cache of size ${sizeName(current)} cannot be scaled down to C0.`);
}

/** Upwards, one tier at a time, and to Standard at the same size: as the service has it. */
function checkTier(sku: Sku, current: Sku, refuse: (message: string) => void): void {
  if (sku.name === current.name) return;
  const tiers = ["Basic", "Standard", "Premium"];
  const steps = tiers.indexOf(sku.name) - tiers.indexOf(current.name);
  if (steps < 0) refuse(`A ${current.name} cache cannot become ${sku.name}: tiers only change upwards.`);
  if (steps > 1) refuse("A Basic cache becomes Premium in two steps: first Standard, of the same size.");
  if (current.name === "Basic" && sku.capacity !== current.capacity)
    refuse(
      `A Basic ${sizeName(current)} cache first becomes Standard ${sizeName(current)}, and then takes another size.`,
    );
}

/** As asked, or as it is where the tier has that, or the least that the tier has. */
function replicasOf(asked: RedisCreateProperties, current: CacheSettings | undefined): number {
  const { replicasPerPrimary, replicasPerMaster } = asked;
  const target = "properties.replicasPerPrimary";
  const refuse = (message: string): never => {
    throw new LarderError("InvalidParameter", message, { target });
  };
  if (replicasPerPrimary !== undefined && replicasPerMaster !== undefined && replicasPerPrimary !== replicasPerMaster)
    refuse("'replicasPerPrimary' and 'replicasPerMaster' are the same and must agree.");
  const { min, max } = skuReplicas[asked.sku.name];
  // Clients echo a zero that asks for nothing.
  const present = Math.min(Math.max(current?.replicas ?? min, min), max);
  const replicas = replicasPerPrimary || replicasPerMaster || present;
  if (replicas < min || replicas > max) {
    const range = min === max ? `${max}` : `${min} to ${max}`;
    refuse(`'${target}' is ${replicas}; a ${asked.sku.name} cache has ${range}.`);
  }
  return replicas;
}

/** A reserve of nothing is none, which is what a cache has that was not given one: clients send back what they read. */
function withoutZeros(configuration: Record<string, string>): Record<string, string> {
  const isNone = ([key, value]: [string, string]) => reserves.includes(key) && value !== "" && Number(value) === 0;
  return Object.fromEntries(Object.entries(configuration).filter((setting) => !isNone(setting)));
}

function checkOffered(asked: Partial<RedisCreateProperties>): void {
  const refuse = (property: string, message: string) => {
    throw new LarderError("OperationNotSupported", message, { target: `properties.${property}` });
  };
  if (asked.minimumTlsVersion === "1.0" || asked.minimumTlsVersion === "1.1")
    refuse(
      "minimumTlsVersion",
      `TLS ${asked.minimumTlsVersion} is not secure any more: Larder speaks 1.2 and later. Ask for 1.2.`,
    );
}

function checkConfiguration(settings: CacheSettings): void {
  if (settings.sku.name !== "Basic") return;
  for (const key of replicatedOnly) {
    const value = settings.redisConfiguration[key] ?? "";
    if (value === "") continue;
    const target = `properties.redisConfiguration.${key}`;
    throw new LarderError("InvalidParameter", `'${target}' can only be set on Standard and Premium caches.`, {
      target,
    });
  }
}

/** What the cache's replicas do for it needs some. `whoHasNone` ends the sentence of the refusal. */
export function checkReplicated(settings: CacheSettings, whoHasNone: string): void {
  if (settings.replicas > 0) return;
  for (const key of ["durableWrites", "replicaReads"] as const) {
    if (!settings[key]) continue;
    const target = `properties.larder.${key}`;
    const message = `'${target}' needs a replica, which ${whoHasNone}.`;
    throw new LarderError("InvalidParameter", message, { target });
  }
}

function checkDatabases(settings: CacheSettings, current: CacheSettings | undefined): void {
  const asked = settings.redisConfiguration.databases;
  const target = "properties.redisConfiguration.databases";
  if (current !== undefined && asked !== current.redisConfiguration.databases)
    throw new LarderError("InvalidParameter", `'${target}' can only be set when the cache is created.`, { target });
  const max = limitsOfSku(settings.sku)?.databasesMax ?? 0;
  if (Number(asked ?? 1) <= max) return;
  throw new LarderError("InvalidParameter", `'${target}' is ${asked}; ${skuText(settings.sku)} has at most ${max}.`, {
    target,
  });
}

/** Every engine that Larder runs understands Redis 6 and more, up to 7.2. */
function checkVersion(version: string): void {
  if (/^(latest|[67](\.\d+){0,2})$/i.test(version)) return;
  const target = "properties.redisVersion";
  throw new LarderError(
    "InvalidParameter",
    `'${target}' must be 'latest' or a version from 6.0 to 7.2, not '${version}'.`,
    { target },
  );
}
