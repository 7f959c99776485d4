/**
 * Untrusted bodies of PUT and PATCH on `Microsoft.Cache/redis` → `RedisCreateBody`, `RedisUpdateBody`.
 *
 * Lenient where clients are sloppy: enumerations in any case, numbers and booleans as strings, null for "not given",
 * read-only and unknown properties ignored, so that a body which the service answered with is accepted back. Strict
 * where silence would lie: a property that asks for something Larder does not have is refused by name.
 *
 * It knows shapes and values, not the cache: what depends on the SKU or on what exists is the controller's to judge.
 */
import { z } from "zod";
import { choice, parseBody, setting, wholeNumber } from "./body-values.ts";
import { managedIdentity } from "./managed-identity-parse.ts";
import type { RedisCreateBody, RedisUpdateBody } from "./redis-resource.ts";
import { refuseUnsupported } from "./redis-unsupported.ts";
import { storageLocation } from "./storage-location-parse.ts";
import { tagsSchema } from "./tags-parse.ts";

export const maxmemoryPolicies = [
  "volatile-lru",
  "allkeys-lru",
  "volatile-random",
  "allkeys-random",
  "volatile-ttl",
  "noeviction",
  "volatile-lfu",
  "allkeys-lfu",
] as const;

/** The service fills these in; a caller who sends them back is not asking for anything. */
const readOnlyConfiguration = ["maxclients", "preferred-data-archive-auth-method", "zonal-configuration"];
/** As the service has them. */
const snapshotMinutes = [15, 30, 60, 360, 720, 1440];
/** Of one cache, on a host and in storage. */
const snapshotsKeptMax = 100;

/** Throws InvalidRequestBody, InvalidParameter or OperationNotSupported, each with its target. */
export function parseRedisCreate(body: unknown): RedisCreateBody {
  return parseBody(createBody, body, refuseUnsupported) as RedisCreateBody;
}

/** Throws InvalidRequestBody, InvalidParameter or OperationNotSupported, each with its target. */
export function parseRedisUpdate(body: unknown): RedisUpdateBody {
  return parseBody(updateBody, body, refuseUnsupported) as RedisUpdateBody;
}

const flag = z.union(
  [z.boolean(), choice(["true", "false"]).transform((text) => text === "true")],
  "must be true or false",
);
const text = z.string("must be a string");

/** An empty one, or one with an empty URL, takes back what was set. */
const persistTo = z.preprocess(
  (given) => ((given as { url?: unknown } | null | undefined)?.url === "" ? "" : given),
  z.union([z.literal("").transform((url) => ({ url, credentials: null })), storageLocation]),
);

/** `properties.larder`, of both providers. */
export const larderSettings = z.object({
  durableWrites: flag.optional(),
  replicaReads: flag.optional(),
  persistTo: persistTo.optional(),
  acceptEviction: flag.optional(),
});

const sku = z.object(
  {
    name: choice(["Basic", "Standard", "Premium"]),
    family: choice(["C", "P"]),
    capacity: wholeNumber,
  },
  "is required",
);

const redisConfiguration = z.record(z.string(), setting, "must be an object").transform((given, context) => {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    const check = Object.hasOwn(configurationChecks, key.toLowerCase()) && configurationChecks[key.toLowerCase()];
    if (readOnlyConfiguration.includes(key.toLowerCase())) continue;
    const problem = check ? check(value) : "is not a known setting";
    if (problem !== undefined) context.addIssue({ code: "custom", path: [key], message: problem });
    kept[key.toLowerCase()] = lowerCased.includes(key.toLowerCase()) ? value.toLowerCase() : value;
  }
  return kept;
});

/** What is kept of them is read without regard to case. */
const lowerCased = ["maxmemory-policy", "aad-enabled", "rdb-backup-enabled", "aof-backup-enabled"];

/** Why a setting's value cannot be, or undefined. */
const configurationChecks: Record<string, (value: string) => string | undefined> = {
  "maxmemory-policy": (value) =>
    maxmemoryPolicies.some((policy) => policy === value.toLowerCase())
      ? undefined
      : `must be one of ${maxmemoryPolicies.join(", ")}, not '${value}'`,
  databases: (value) => (/^[1-9]\d{0,3}$/.test(value) ? undefined : `must be a whole number from 1, not '${value}'`),
  "maxmemory-reserved": megabytes,
  "maxmemory-delta": megabytes,
  "maxfragmentationmemory-reserved": megabytes,
  "notify-keyspace-events": (value) =>
    /^[A-Za-z$]*$/.test(value) ? undefined : "may only have the letters of the engine's notification classes",
  "aad-enabled": onOrOff,
  "rdb-backup-enabled": onOrOff,
  "rdb-backup-frequency": (value) =>
    value === "" || snapshotMinutes.includes(Number(value))
      ? undefined
      : `must be one of ${snapshotMinutes.join(", ")} (minutes), not '${value}'`,
  "rdb-backup-max-snapshot-count": (value) =>
    value === "" || (/^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= snapshotsKeptMax)
      ? undefined
      : `must be a whole number from 1 to ${snapshotsKeptMax}, not '${value}'`,
  // Secrets: no message quotes them. What is in them is for the rules of persistence.
  "rdb-storage-connection-string": () => undefined,
  "aof-backup-enabled": onOrOff,
  "aof-storage-connection-string-0": () => undefined,
  "aof-storage-connection-string-1": () => undefined,
};

function onOrOff(value: string): string | undefined {
  return /^(true|false|)$/i.test(value) ? undefined : `must be true or false, not '${value}'`;
}

function megabytes(value: string): string | undefined {
  return /^\d+$/.test(value) ? undefined : `must be a whole number of megabytes, not '${value}'`;
}

const properties = z.object(
  {
    sku,
    redisVersion: text.regex(/^(latest|\d+(\.\d+){0,2})$/i, "must be 'latest' or a version such as 6.0").optional(),
    enableNonSslPort: flag.optional(),
    minimumTlsVersion: choice(["1.0", "1.1", "1.2"]).optional(),
    publicNetworkAccess: choice(["Enabled", "Disabled"]).optional(),
    updateChannel: choice(["Stable", "Preview"]).optional(),
    disableAccessKeyAuthentication: flag.optional(),
    replicasPerMaster: wholeNumber.optional(),
    replicasPerPrimary: wholeNumber.optional(),
    zonalAllocationPolicy: choice(["Automatic", "UserDefined", "NoZones"]).optional(),
    redisConfiguration: redisConfiguration.optional(),
    tenantSettings: z.record(z.string(), setting, "must be an object").optional(),
    larder: larderSettings.optional(),
  },
  "is required",
);

const tags = tagsSchema.optional();

/** More than a service has. */
const zonesMax = 16;
export const zonesSchema = z
  .array(setting.pipe(z.string().regex(/^[\w.-]{1,64}$/, "must be the name of a zone")), "must be a list of zones")
  .max(zonesMax, `may name at most ${zonesMax} zones`)
  .transform((names) => [...new Set(names)].sort());

const beside = { tags, zones: zonesSchema.optional(), identity: managedIdentity.optional() };
const createBody = z
  .object({
    location: z.string("is required").regex(/^[\w .-]{1,64}$/, "must be the name of a location"),
    properties,
    ...beside,
  })
  .transform(gathered);
const updateBody = z.object({ properties: properties.partial().optional(), ...beside }).transform(gathered);

/** Zones and identity are settings of the cache like its properties. No zones at all are none that were asked for. */
function gathered<
  Body extends { properties?: object | undefined; zones?: string[] | undefined; identity?: object | undefined },
>({ properties: given, zones: asked, identity, ...body }: Body) {
  const more = { ...(asked?.length ? { zones: asked } : {}), ...(identity === undefined ? {} : { identity }) };
  return given === undefined && Object.keys(more).length === 0 ? body : { ...body, properties: { ...given, ...more } };
}
