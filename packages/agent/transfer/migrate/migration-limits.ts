/** What a migration holds at most, and how long it has patience. */
export const migrationLimits = {
  /** Of what a source sent and was not used, so much is in memory; the rest is in a file. */
  spoolMemoryBytesMax: 8 * 1024 * 1024,
  /** The file of one source. Past it the source has to wait, and may cut us off: then everything is copied anew. */
  spoolFileBytesMax: 64 * 1024 * 1024 * 1024,
  /** A command of the stream that has to be looked at as a whole, as it may be for some keys only. */
  commandBytesMax: 64 * 1024 * 1024,
  /** How fast a source's data is taken when nothing is known of it, and how slow and fast it may become by itself. */
  copyBytesPerSecondFirst: 64 * 1024 * 1024,
  copyBytesPerSecondMin: 16 * 1024 * 1024,
  copyBytesPerSecondMax: 1024 * 1024 * 1024,
  /** A transaction that a way back writes as one, in memory. The node's own that is larger ends the way back. */
  transactionBytesMax: 64 * 1024 * 1024,
  /** Values of a source that are read at once, key by key or for a comparison. A larger one is read alone. */
  readBytesMax: 8 * 1024 * 1024,
  /** A source that cannot be reached for so long ends the migration. */
  sourceAwayMsMax: 30 * 60_000,
  /** How often a source is tried that was never reached. */
  firstTriesMax: 3,
  /** Copies from the beginning that were in vain, in a row. */
  copiesMax: 5,
  /** After so long in step with the source, what went wrong before counts no more. */
  steadyMs: 60_000,
} as const;
