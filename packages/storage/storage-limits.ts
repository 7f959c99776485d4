/** The bounds of a transfer. Each can be set when a storage is opened. */
export interface StorageLimits {
  /** A file goes out and comes in by parts of so many bytes; remote storage keeps at most 10,000 of them for a file. */
  partBytes: number;
  /** How many parts go out at once. With the one that is filled they are a put's memory; a get has two. */
  partsInFlightMax: number;
  /** How often a request is sent before its failure is the caller's. */
  attemptsMax: number;
  /** The pauses between attempts: doubling from the first to the longest. */
  pauseMs: { firstMs: number; maxMs: number };
  /** A request that nothing comes of for so long counts as failed. */
  idleTimeoutMs: number;
  /** How long one part may take on its way out. With the size of a part: the slowest link that will do. */
  partTimeoutMs: number;
}

const mebibyte = 1024 * 1024;

export const defaultStorageLimits: StorageLimits = {
  partBytes: 16 * mebibyte,
  partsInFlightMax: 3,
  attemptsMax: 5,
  pauseMs: { firstMs: 200, maxMs: 10_000 },
  idleTimeoutMs: 30_000,
  partTimeoutMs: 120_000,
};

/** What S3 takes. Azure takes 50,000, and is held to the same, so that a file fits wherever it is put. */
export const partsMax = 10_000;
