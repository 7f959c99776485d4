/** What a cache holds to where nothing else was asked for, and what cannot be changed. */
export const cacheLimits = {
  firstLevelBytesMax: 64 * 1024 * 1024,
  silenceMsMax: 2_000,
  ttlMs: 5 * 60_000,
  negativeTtlMs: 30_000,
  /** As a share of `ttl`. */
  jitter: 0.1,
  hardTimeoutMs: 30_000,
  serverTimeoutMs: 250,
  leaseTimeMs: 10_000,
  breakerFailures: 1,
  breakerOpenMs: 1_000,
  compressAboveBytes: 4 * 1024,
  /** The longest that the server keeps an entry: `ttl` and how long it may be served stale together. */
  entryLifeMsMax: 30 * 86_400_000,
  /** Names in the server that are longer are hashed. */
  nameBytesMax: 512,
  /** Only so many leading parts of a key can be invalidated as a prefix: each is a version that an entry depends on. */
  prefixPartsMax: 8,
  tagsMax: 64,
  /** Versions of tags and prefixes that a process knows; the oldest are asked for anew. */
  knownVersionsMax: 100_000,
  /** Keys in one MGET. */
  readBatchMax: 64,
  /** First parts of keys that are counted on their own; all others together. */
  familiesMax: 256,
} as const;
