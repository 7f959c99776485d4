/** Options with their defaults, checked: what is wrong in them is a TypeError that names the option. */
import { type Clock, systemClock } from "../clock.ts";
import { type Duration, durationMs } from "../duration.ts";
import { type Randomness, systemRandomness } from "../randomness.ts";
import { cacheLimits } from "./limits.ts";
import type { CacheOptions, EntryOptions } from "./options.ts";
import { jsonSerializer, type Serializer } from "./serializer.ts";

export interface CacheSettings {
  namespace: string;
  firstLevelBytesMax: number;
  silenceMsMax: number;
  serverTimeoutMs: number;
  leaseTimeMs: number;
  compressAboveBytes: number;
  breaker: { failures: number; openMs: number };
  serializer: Serializer;
  clock: Clock;
  randomness: Randomness;
}

export interface EntrySettings {
  ttlMs: number;
  ttlOf: ((value: unknown) => Duration) | null;
  staleWhileRevalidateMs: number;
  staleIfErrorMs: number;
  refreshAhead: number;
  jitter: number;
  negativeTtlMs: number;
  tags: readonly string[] | ((value: unknown) => readonly string[]);
  softTimeoutMs: number | null;
  hardTimeoutMs: number;
  skipFirstLevel: boolean;
}

export function cacheSettings(options: CacheOptions): CacheSettings {
  const { firstLevel, breaker } = options;
  if (typeof options.namespace !== "string" || !/^[^{}\s]+$/.test(options.namespace))
    throw new TypeError("namespace is a text without spaces and braces; and not empty.");
  const { serializer = jsonSerializer } = options;
  within("serializer.id", serializer.id, 1, 255);
  return {
    namespace: options.namespace,
    firstLevelBytesMax:
      firstLevel === false
        ? 0
        : within("firstLevel.bytesMax", firstLevel?.bytesMax ?? cacheLimits.firstLevelBytesMax, 0, 2 ** 40),
    silenceMsMax: within(
      "firstLevel.silenceMsMax",
      (firstLevel !== false && firstLevel?.silenceMsMax) || cacheLimits.silenceMsMax,
      20,
      60_000,
    ),
    serverTimeoutMs: duration("serverTimeout", options.serverTimeout, cacheLimits.serverTimeoutMs),
    leaseTimeMs: Math.max(1, Math.ceil(duration("leaseTime", options.leaseTime, cacheLimits.leaseTimeMs))),
    compressAboveBytes: within(
      "compressAboveBytes",
      options.compressAboveBytes ?? cacheLimits.compressAboveBytes,
      0,
      Number.POSITIVE_INFINITY,
    ),
    breaker: {
      failures: within("breaker.failures", breaker?.failures ?? cacheLimits.breakerFailures, 1, 1_000_000),
      openMs: duration("breaker.openFor", breaker?.openFor, cacheLimits.breakerOpenMs),
    },
    serializer,
    clock: options.clock ?? systemClock,
    randomness: options.randomness ?? systemRandomness,
  };
}

export const entryDefaults: EntrySettings = {
  ttlMs: cacheLimits.ttlMs,
  ttlOf: null,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  refreshAhead: 1,
  jitter: cacheLimits.jitter,
  negativeTtlMs: cacheLimits.negativeTtlMs,
  tags: [],
  softTimeoutMs: null,
  hardTimeoutMs: cacheLimits.hardTimeoutMs,
  skipFirstLevel: false,
};

/** Those of one call, over those of the cache. */
export function entrySettings(options: EntryOptions | undefined, defaults: EntrySettings): EntrySettings {
  if (options === undefined) return defaults;
  const settings: EntrySettings = {
    ttlMs: duration("ttl", options.ttl, defaults.ttlMs),
    ttlOf: options.ttlOf ?? defaults.ttlOf,
    staleWhileRevalidateMs: duration(
      "staleWhileRevalidate",
      options.staleWhileRevalidate,
      defaults.staleWhileRevalidateMs,
    ),
    staleIfErrorMs: duration("staleIfError", options.staleIfError, defaults.staleIfErrorMs),
    refreshAhead: within("refreshAhead", options.refreshAhead ?? defaults.refreshAhead, 0, 1),
    jitter: within("jitter", options.jitter ?? defaults.jitter, 0, 1),
    negativeTtlMs: duration("negativeTtl", options.negativeTtl, defaults.negativeTtlMs),
    tags: options.tags === undefined ? defaults.tags : checkedTags(options.tags),
    softTimeoutMs:
      options.softTimeout === undefined ? defaults.softTimeoutMs : durationOf("softTimeout", options.softTimeout),
    hardTimeoutMs: duration("hardTimeout", options.hardTimeout, defaults.hardTimeoutMs),
    skipFirstLevel: options.skipFirstLevel ?? defaults.skipFirstLevel,
  };
  if (lifeMsOf(settings) > cacheLimits.entryLifeMsMax)
    throw new TypeError("ttl and the time for which an entry may be served stale are 30 days at most together.");
  return settings;
}

/** How long a value is fresh. */
export function freshMsOf(value: unknown, { ttlMs, ttlOf, negativeTtlMs }: EntrySettings): number {
  if (value === null) return negativeTtlMs;
  return ttlOf === null ? ttlMs : Math.min(ttlMs, durationMs(ttlOf(value), "ttlOf"));
}

/** How long the server keeps it. */
export function lifeMsOf(settings: EntrySettings): number {
  return settings.ttlMs + Math.max(settings.staleWhileRevalidateMs, settings.staleIfErrorMs);
}

export function checkedTags<T extends EntrySettings["tags"]>(tags: T): T {
  if (typeof tags === "function") return tags;
  const isRight = Array.isArray(tags) && tags.length <= cacheLimits.tagsMax && tags.every(isTag);
  if (!isRight) throw new TypeError(`tags are texts that are not empty, ${cacheLimits.tagsMax} at most.`);
  return tags;
}

function isTag(tag: unknown): boolean {
  return typeof tag === "string" && tag !== "";
}

function duration(option: string, given: Duration | undefined, byDefault: number): number {
  return given === undefined ? byDefault : durationOf(option, given);
}

const parsed = new Map<string, number>();
const parsedMax = 1_000;

/** Options are mostly the same few texts, call after call. */
function durationOf(option: string, given: Duration): number {
  if (typeof given !== "string") return durationMs(given, option);
  let ms = parsed.get(given);
  if (ms === undefined) {
    ms = durationMs(given, option);
    if (parsed.size < parsedMax) parsed.set(given, ms);
  }
  return ms;
}

function within(option: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new TypeError(`${option} is a number from ${least} to ${most}: ${JSON.stringify(value)} is not.`);
}
