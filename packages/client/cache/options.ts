/** What a cache is told: once for the cache, once for each entry; and what it tells. */
import type { Clock } from "../clock.ts";
import type { ServerLike } from "../connection/server.ts";
import type { Duration } from "../duration.ts";
import type { Randomness } from "../randomness.ts";
import type { Serializer } from "./serializer.ts";

/**
 * `["product", 7]`, or the same written out: `"product:7"`. In an array, ":" and "%" inside a part are escaped, so that different
 * arrays never name the same entry. Every leading part, up to eight, is a prefix that can be invalidated.
 */
export type Key = string | readonly (string | number | bigint)[];

export interface EntryOptions {
  /** How long a value is fresh: 5 minutes. */
  ttl?: Duration;
  /** How long this value is fresh, `ttl` at most: for sources that say it themselves. */
  ttlOf?: (value: unknown) => Duration;
  /** How long after that it may still be served while it is loaded anew in the background: not at all. */
  staleWhileRevalidate?: Duration;
  /** How long after `ttl` it may still be served when the source fails: not at all. */
  staleIfError?: Duration;
  /** From which share of `ttl` on a hit loads anew in the background; 1: never. */
  refreshAhead?: number;
  /** By how much of itself a `ttl` is shortened at random, so that what was stored together does not expire together: 0.1. */
  jitter?: number;
  /** How long `null`, which a loader returns for "there is none", is fresh. `undefined` is never stored. 30 seconds. */
  negativeTtl?: Duration;
  /** What invalidates it together with others. As a function of the value: not before it is loaded. */
  tags?: readonly string[] | ((value: unknown) => readonly string[]);
  /** How long a caller waits for the source while there is a stale value to serve. The load goes on. */
  softTimeout?: Duration;
  /** How long a caller waits for the source at all; then LoadTimeout, or the stale value. The load's signal is aborted. 30 seconds. */
  hardTimeout?: Duration;
  /** Not kept in the first level: large, or read once. */
  skipFirstLevel?: boolean;
}

export interface LoadContext {
  /** As it is in the server, without the namespace. */
  key: string;
  /** Aborted when nobody waits any more because of `hardTimeout`. */
  signal: AbortSignal;
}

export type Load<T> = (context: LoadContext) => T | Promise<T>;
/** One value for each key, in their order; `null` where there is none. */
export type LoadMany<T> = (
  keys: readonly Key[],
  context: { signal: AbortSignal },
) => readonly T[] | Promise<readonly T[]>;

export interface CacheOptions {
  /** None: the first level alone, and one load per process. */
  server?: ServerLike;
  /** Before every key. With a version in it, as in "shop:v3", a deployment that stores other shapes never reads the old. */
  namespace: string;
  /** false: none. */
  firstLevel?: FirstLevelOptions | false;
  /** For entries that say nothing else. */
  defaults?: EntryOptions;
  /** JSON unless given. */
  serializer?: Serializer;
  /** Longer values are compressed: 4 KiB. */
  compressAboveBytes?: number;
  /** How long the server is waited for; then the source is asked. 250 ms. */
  serverTimeout?: Duration;
  /** How long a load may take before another process loads, too; what took longer is not stored. 10 seconds. */
  leaseTime?: Duration;
  breaker?: BreakerOptions;
  clock?: Clock;
  randomness?: Randomness;
}

export interface FirstLevelOptions {
  /** Of values as they are serialised, keys, and what an entry costs beside them: 64 MiB. */
  bytesMax?: number;
  /** What is kept counts only while the connection that carries invalidations was heard within this time: 2,000. */
  silenceMsMax?: number;
}

/** After `failures` (1) time-outs in a row the server is not asked for `openFor` (1 second); then it is tried with a PING of the cache's own. */
export interface BreakerOptions {
  failures?: number;
  openFor?: Duration;
}

/** Where a value came from, or what happened to a key. `key` is without the namespace. */
export type CacheEvent =
  | { type: "hit"; key: string; level: 1 | 2; isStale: boolean }
  | { type: "miss"; key: string }
  | {
      type: "load";
      key: string;
      durationMs: number;
      outcome: "stored" | "fenced" | "not stored" | "failed";
      error?: unknown;
    }
  | { type: "invalidate"; key: string | null; by: "this process" | "another" }
  | {
      type: "trouble";
      what: "server" | "value" | "tracking" | "breaker open" | "breaker closed";
      error?: unknown;
      key?: string;
    };
